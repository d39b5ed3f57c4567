"""Installed versions of the required libraries, compared with the oldest supported ones."""

from importlib.metadata import PackageNotFoundError, requires, version

from toonvision.core.errors import Finding

PACKAGE, _EXTRA = "toonvision", "train"


def outdated_libraries(requirements: list[str] | None = None) -> tuple[dict[str, str], list[Finding]]:
    """Compare the installed libraries with the minimum versions in the package's metadata, or in `requirements`.

    Returns:
        Version by name of every required library that is installed, and a finding for each that is too old: older ones
        have known security holes, or are not tested.
    """
    from packaging.requirements import Requirement

    if requirements is None:
        try:
            requirements = requires(PACKAGE) or []
        except PackageNotFoundError:
            reason = "is not installed as a package; the versions that it needs are unknown"
            return {}, [Finding(PACKAGE, reason, f"pip install '{PACKAGE}[{_EXTRA}]'", "not-installed")]
    found, findings = {}, []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": _EXTRA}):
            continue
        try:
            found[requirement.name] = installed = version(requirement.name)
        except PackageNotFoundError:
            continue  # the command that needs it reports it
        if not requirement.specifier.contains(installed, prereleases=True):
            reason = f"{installed} is installed; this program needs {requirement.specifier}: older versions have known "
            reason += "security holes or are not tested"
            findings.append(Finding(requirement.name, reason, f"pip install -U '{requirement.name}'", "old-library"))
    return found, findings
