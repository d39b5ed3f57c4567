"""What is installed, against the oldest versions that the package says it can do with."""

from importlib.metadata import PackageNotFoundError, requires, version

from toonvision.core.errors import Finding

PACKAGE, _EXTRA = "toonvision", "train"


def outdated_libraries(requirements: list[str] | None = None) -> tuple[dict[str, str], list[Finding]]:
    """Compare installed libraries with the floors in the package's metadata, which let no version with known holes in.

    Args:
        requirements: Requirements as metadata write them; by default those of the installed package.

    Returns:
        Name to version of every required library that is installed, and those that are older than required.
    """
    from packaging.requirements import Requirement

    if requirements is None:
        try:
            requirements = requires(PACKAGE) or []
        except PackageNotFoundError:
            reason = "is not installed as a package, so that nobody can tell which versions it needs"
            return {}, [Finding(PACKAGE, reason, f"pip install '{PACKAGE}[{_EXTRA}]'", "not-installed")]
    found, findings = {}, []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": _EXTRA}):
            continue
        try:
            found[requirement.name] = installed = version(requirement.name)
        except PackageNotFoundError:
            continue  # what needs it says so
        if not requirement.specifier.contains(installed, prereleases=True):
            reason = f"{installed} is installed; this program asks for {requirement.specifier}, since older versions "
            reason += "have known holes or are not known to work"
            findings.append(Finding(requirement.name, reason, f"pip install -U '{requirement.name}'", "old-library"))
    return found, findings
