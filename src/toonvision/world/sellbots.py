"""The eight Sellbots as rows of a table."""

from typing import Final

from toonvision.world.cog_design import CRATE, EGG, JAW, LONG, OVAL, SLAB, STEEL, CogDesign
from toonvision.world.heads import Head, balls, both, brows, eyes, line, mouth, nose, spike
from toonvision.world.headwear import cap, glasses, hat
from toonvision.world.palette import BLACK, GOLD

ICICLES: Final = tuple(
    spike(az, -0.55, (0.0, -0.55 + abs(az) / 200, 0.0), (206, 232, 250), size=0.1) for az in (-42, -22, 0, 22, 42)
)
SHAKEN: Final = tuple(
    spike(az, 0.75, (x, 0.55, 0.0), (150, 60, 40), size=0.13, tip=0.02)
    for az, x in ((-80, -0.45), (-40, -0.2), (0, 0.08), (60, 0.3), (90, 0.5))
)

SELLBOTS: Final[dict[str, CogDesign]] = {
    "cog_sb_coldcaller": CogDesign(
        "sb",
        "stout",
        1.30,
        SLAB,
        (14, 26, 142),
        (
            *ICICLES,
            eyes(size=0.18, spread=24, v=0.15),
            brows(tilt=-0.1, v=0.52, colour=(90, 130, 180)),
            nose(length=0.3, size=0.13, colour=(110, 150, 220)),
            balls(both(92, 0.1, 0.3), (220, 80, 90), flat=0.6),
            line(((-90, 0.2), (-90, 0.75), (0, 1.0), (90, 0.75), (90, 0.2)), STEEL, thick=0.06, out=0.06),
            mouth(curve=-0.06, v=-0.42, width=28, teeth=0.05),
        ),
        hands=(135, 159, 245),
    ),
    "cog_sb_telemarketer": CogDesign(
        "sb",
        "narrow",
        1.47,
        OVAL,
        (232, 214, 212),
        (
            cap((86, 50, 34), v=0.45),
            line(((-92, 0.1), (-92, 0.75), (0, 1.04), (92, 0.75), (92, 0.1)), BLACK, thick=0.06, out=0.08),
            balls(both(92, 0.05, 0.22), BLACK, flat=0.6),
            line(((-88, -0.05), (-50, -0.5), (-18, -0.52)), BLACK, thick=0.04, out=0.14),
            balls(((-16, -0.5, 0.09),), BLACK, out=0.16),
            eyes(size=0.16, v=0.15),
            brows(tilt=-0.04, v=0.4),
            nose(length=0.36, size=0.12, drop=0.1),
            mouth(curve=0.1, v=-0.5, width=30, thick=0.1),
        ),
    ),
    "cog_sb_namedropper": CogDesign(
        "sb",
        "broad",
        1.68,
        CRATE,
        (186, 164, 196),
        (
            spike(0, 0.85, (0.05, 0.4, 0.3), (232, 204, 120), size=0.3, tip=0.18),
            cap((232, 204, 120), v=0.5, grow=1.1),
            glasses((236, 90, 150), size=0.24, spread=24, v=0.18, lens=(150, 60, 120)),
            nose(length=0.5, size=0.12, drop=0.32, tip=1.2),
            mouth(curve=0.1, v=-0.55, width=26),
            balls(both(94, -0.25, 0.1), GOLD),
        ),
    ),
    "cog_sb_gladhander": CogDesign(
        "sb",
        "stout",
        1.79,
        Head(0.245, 0.175, 0.2, 2.2, -0.12),
        (232, 226, 226),
        (
            balls((*both(88, 0.2, 0.24), *both(96, 0.48, 0.2)), (216, 100, 40)),
            eyes(size=0.17, v=0.28),
            brows(tilt=-0.06, v=0.6, colour=(180, 80, 30)),
            nose(length=0.22, size=0.13, v=0.02),
            mouth(curve=0.22, v=-0.36, width=52, teeth=0.14),
            balls(both(52, -0.1, 0.14), (240, 140, 100), flat=0.5),
        ),
    ),
    "cog_sb_movershaker": CogDesign(
        "sb",
        "narrow",
        1.88,
        LONG,
        (222, 190, 178),
        (
            *SHAKEN,
            eyes(size=0.21, spread=25, v=0.2, pupil=0.25),
            brows(tilt=0.1, v=0.55, colour=(120, 40, 30)),
            nose(length=0.3, size=0.16),
            line(
                tuple((az, -0.5 + (0.07 if i % 2 else -0.07)) for i, az in enumerate(range(-40, 41, 10))),
                (90, 26, 30),
                thick=0.05,
            ),
        ),
    ),
    "cog_sb_twoface": CogDesign(
        "sb",
        "broad",
        1.95,
        EGG,
        (238, 216, 202),
        (
            line(((0, 0.95), (0, 0.5), (0, 0.1), (0, -0.4), (0, -0.95)), (70, 50, 90), thick=0.025),
            eyes(size=0.17, spread=24, v=0.18),
            brows(tilt=0.1, v=0.46),
            nose(length=0.3, size=0.1),
            mouth(curve=0.0, v=-0.45, width=36, teeth=0.08),
            spike(70, 0.75, (0.2, 0.5, 0), (70, 44, 110), size=0.16),
            balls(((-70, 0.6, 0.3), (-110, 0.5, 0.3), (-60, 0.85, 0.25)), (240, 210, 120)),
        ),
        (190, 168, 176),
    ),
    "cog_sb_themingler": CogDesign(
        "sb",
        "broad",
        2.14,
        EGG,
        (190, 158, 178),
        (
            hat((250, 206, 80), v=0.74, brim=0, crown=0.9, top=0.05, band=(90, 180, 210)),
            eyes(size=0.19, v=0.15, lid=0.4, iris=(60, 90, 180)),
            nose(length=0.28, size=0.11),
            mouth(curve=0.12, v=-0.45, width=24, thick=0.12, colour=(204, 30, 84)),
            balls(
                (*both(86, 0.35, 0.26), *both(98, 0.0, 0.26), *both(92, 0.65, 0.22), (180, 0.2, 0.4)), (116, 64, 150)
            ),
        ),
    ),
    "cog_sb_mrhollywood": CogDesign(
        "sb",
        "broad",
        2.51,
        JAW,
        (230, 224, 226),
        (
            cap((246, 216, 120), v=0.55, grow=1.08),
            spike(-40, 0.88, (0.5, 0.32, 0.15), (246, 216, 120), size=0.3, tip=0.16),
            glasses(BLACK, size=0.25, spread=25, v=0.2, lens=(30, 30, 40)),
            nose(length=0.26, size=0.1),
            mouth(curve=0.14, v=-0.45, width=40, teeth=0.1),
            balls(both(12, -0.9, 0.13), (214, 152, 100)),
        ),
    ),
}
