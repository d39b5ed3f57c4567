"""The eight Bossbots as rows of a table."""

from typing import Final

from toonvision.world.cog_design import DARK, DOME, JAW, PEG, CogDesign
from toonvision.world.heads import Head, balls, both, brows, eyes, line, mouth, nose, spike
from toonvision.world.headwear import cap, glasses, hat
from toonvision.world.palette import BLACK, GOLD, PINK, WHITE

HOLES: Final = (
    (-48, -0.25, 0.13),
    (38, -0.7, 0.12),
    (55, 0.05, 0.09),
    (-20, 0.78, 0.12),
    (30, 0.72, 0.08),
    (120, 0.3, 0.17),
    (170, -0.2, 0.15),
    (220, 0.4, 0.14),
    (-60, -0.7, 0.08),
)

BOSSBOTS: Final[dict[str, CogDesign]] = {
    "cog_bb_flunky": CogDesign(
        "bb",
        "stout",
        1.37,
        Head(0.14, 0.12, 0.135, 2.2, -0.1),
        (205, 178, 172),
        (
            eyes(size=0.17, spread=25, v=0.12),
            glasses(DARK, size=0.27, spread=25, v=0.12),
            brows(tilt=-0.08, v=0.52),
            nose(length=0.25, size=0.1, v=-0.12),
            mouth(curve=-0.05, v=-0.5, width=16),
            balls(((-5, -0.58, 0.07), (5, -0.58, 0.07)), WHITE, out=0.06),
            spike(0, 0.95, (0.1, 0.35, 0), DARK, size=0.06),
            spike(30, 0.9, (0.2, 0.28, 0), DARK, size=0.05, mirrored=True),
        ),
    ),
    "cog_bb_pencilpusher": CogDesign(
        "bb",
        "narrow",
        1.40,
        Head(0.052, 0.17, 0.07, 5),
        (156, 130, 122),
        (
            spike(0, 0.99, (0, 0.62, -0.5), (224, 186, 140), size=0.46, tip=0.1),
            eyes(size=0.13, spread=27, v=0.22),
            spike(0, 0.99, (0, 0.74, -0.5), (50, 50, 54), size=0.0, tip=0.09),
            brows(tilt=-0.05, v=0.52, spread=27),
            nose(length=0.45, size=0.07, drop=0.1, colour=(224, 160, 60), tip=0.6),
            mouth(curve=-0.06, v=-0.45, width=34),
            line(((-90, -0.86), (-45, -0.86), (0, -0.86), (45, -0.86), (90, -0.86)), PINK, thick=0.12),
        ),
    ),
    "cog_bb_yesman": CogDesign(
        "bb",
        "broad",
        1.48,
        JAW,
        (226, 218, 214),
        (
            cap((96, 58, 36), v=0.5),
            eyes(size=0.17, spread=24, v=0.18),
            brows(tilt=-0.04, v=0.46, thick=0.045),
            nose(length=0.3, size=0.11),
            mouth(curve=0.22, v=-0.42, width=44, teeth=0.11),
            balls(both(92, 0.0, 0.16), (228, 164, 134), flat=0.6),
        ),
    ),
    "cog_bb_micromanager": CogDesign(
        "bb",
        "stout",
        0.91,
        Head(0.15, 0.18, 0.145, 2.0, 0.1),
        (227, 193, 185),
        (
            eyes(size=0.2, spread=26, v=0.1),
            glasses(GOLD, size=0.46, spread=26, v=0.1, thick=0.06, sides=(1,)),
            brows(tilt=0.12, v=0.55, thick=0.08),
            nose(length=0.4, size=0.12),
            mouth(curve=-0.08, v=-0.5, width=24),
            cap(DARK, v=0.6, grow=1.05),
            spike(40, -0.05, (0.1, -0.75, 0.1), GOLD, size=0.05, tip=0.05),
        ),
    ),
    "cog_bb_downsizer": CogDesign(
        "bb",
        "narrow",
        1.70,
        PEG,
        (84, 124, 112),
        (
            eyes(size=0.24, spread=24, v=0.15, lid=0.45),
            brows(tilt=0.12, v=0.62, thick=0.09),
            nose(length=0.4, size=0.22, v=-0.15),
            mouth(curve=-0.14, v=-0.5, width=40, thick=0.07),
            hat((34, 30, 32), v=0.6, brim=1.25, crown=0.75, round_top=True, band=BLACK),
        ),
    ),
    "cog_bb_headhunter": CogDesign(
        "bb",
        "broad",
        2.09,
        Head(0.085, 0.082, 0.09, 2.6, 0.1),
        (196, 162, 154),
        (
            hat((214, 198, 150), v=0.42, brim=1.25, crown=0.62, round_top=True, band=(120, 96, 60)),
            eyes(size=0.12, spread=22, v=0.12, lid=0.3),
            nose(length=0.42, size=0.12, drop=0.15),
            spike(6, -0.32, (0.42, -0.12, 0.0), (120, 72, 40), size=0.1, tip=0.02, mirrored=True),
            mouth(curve=-0.02, v=-0.55, width=18),
            balls(((0, -0.95, 0.16),), (202, 142, 100)),
        ),
    ),
    "cog_bb_corporateraider": CogDesign(
        "bb",
        "stout",
        2.31,
        DOME,
        (156, 106, 116),
        (
            cap((60, 60, 110), v=0.42, grow=1.08),
            balls(((100, 0.4, 0.14), (118, 0.25, 0.1)), (60, 60, 110)),
            eyes(size=0.16, v=0.12, lid=0.25),
            balls(((22, 0.12, 0.25),), BLACK, flat=0.5, out=0.06),
            line(((-60, 0.42), (0, 0.27), (22, 0.12), (70, -0.1)), BLACK, thick=0.04, out=0.04),
            nose(length=0.3, size=0.16),
            mouth(curve=-0.1, v=-0.48, width=34, teeth=0.08, tooth=GOLD),
            line(((-35, -0.75), (0, -0.85), (35, -0.75)), DARK, thick=0.1),
        ),
        hands=(208, 135, 135),
    ),
    "cog_bb_thebigcheese": CogDesign(
        "bb",
        "broad",
        2.62,
        Head(0.085, 0.175, 0.11, 5, -0.1),
        (156, 196, 94),
        (
            balls(HOLES, (206, 150, 40), flat=0.35),
            eyes(size=0.17, spread=22, v=0.24, lid=0.35),
            brows(tilt=0.12, v=0.5, thick=0.07, colour=(120, 76, 20)),
            nose(length=0.35, size=0.15, colour=(236, 184, 64)),
            mouth(curve=-0.1, v=-0.42, width=30, teeth=0.1),
        ),
        hands=(184, 233, 184),
    ),
}
