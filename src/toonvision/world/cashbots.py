"""The eight Cashbots as rows of a table."""

from typing import Final

from toonvision.world.cog_design import CRATE, DARK, DOME, JAW, PEG, SLAB, STEEL, CogDesign
from toonvision.world.heads import Head, balls, both, brows, eyes, line, mouth, nose, spike
from toonvision.world.headwear import cap, glasses, hat
from toonvision.world.palette import BLACK, RED

CASHBOTS: Final[dict[str, CogDesign]] = {
    "cog_cb_shortchange": CogDesign(
        "cb",
        "stout",
        1.34,
        SLAB,
        (46, 64, 142),
        (
            eyes(size=0.16, spread=30, v=0.22),
            balls(((0, 0.0, 1.13),), (158, 92, 50), flat=0.3, out=-0.375),
            nose(length=0.25, size=0.1),
            mouth(curve=-0.1, v=-0.45, width=38),
            brows(tilt=-0.08, v=0.55, spread=28),
        ),
    ),
    "cog_cb_pennypincher": CogDesign(
        "cb",
        "broad",
        1.48,
        Head(0.08, 0.235, 0.095, 2.8, -0.15, 0.2),
        (178, 56, 50),
        (
            eyes(size=0.13, spread=24, v=0.5, lid=0.3),
            brows(tilt=0.1, v=0.72),
            nose(length=0.55, size=0.09, v=0.1, drop=0.1),
            balls(((0, 0.08, 0.15),), (226, 186, 120), out=0.3, tall=1.8),
            mouth(curve=-0.06, v=-0.55, width=22, thick=0.06),
            cap((120, 76, 60), v=0.82),
            balls(both(90, 0.45, 0.15), (206, 132, 148), flat=0.6),
        ),
        hands=(246, 123, 148),
    ),
    "cog_cb_tightwad": CogDesign(
        "cb",
        "stout",
        1.51,
        DOME,
        (146, 166, 158),
        (
            line(tuple((az, -0.02) for az in range(-180, 181, 30)), (232, 224, 190), thick=0.16),
            eyes(size=0.19, v=0.42, lid=0.55),
            brows(tilt=0.1, v=0.72, thick=0.06),
            mouth(curve=-0.04, v=-0.55, width=28, thick=0.05),
            nose(length=0.3, size=0.14, v=0.12, colour=(120, 166, 98)),
            spike(0, 0.98, (0.25, 0.2, -0.4), (170, 206, 140), size=0.14, tip=0.1),
        ),
    ),
    "cog_cb_beancounter": CogDesign(
        "cb",
        "narrow",
        1.67,
        PEG,
        (86, 126, 114),
        (
            balls(((60, 0.62, 0.3), (60, -0.6, 0.3)), (172, 108, 66), out=-0.15),
            eyes(size=0.14, spread=22, v=0.32),
            hat((70, 160, 90), v=0.62, brim=1.2, crown=0.1, top=0.9),
            glasses(DARK, size=0.2, spread=22, v=0.32, thick=0.025),
            nose(length=0.25, size=0.1, v=0.08),
            mouth(curve=0.08, v=-0.42, width=28),
        ),
    ),
    "cog_cb_numbercruncher": CogDesign(
        "cb",
        "broad",
        2.03,
        CRATE,
        (112, 138, 128),
        (
            eyes(size=0.13, spread=24, v=0.2, iris=(40, 120, 60)),
            line(((-50, 0.68), (0, 0.68), (50, 0.68)), (150, 190, 140), thick=0.15),
            line(((-36, 0.68), (36, 0.68)), (60, 90, 60), thick=0.06, out=0.1),
            mouth(curve=0.0, v=-0.45, width=48, teeth=0.2, tooth=(214, 218, 224)),
            balls(tuple((az, 0.0, 0.07) for az in (-36, -12, 12, 36)), STEEL, flat=0.6),
            brows(tilt=0.08, v=0.42, thick=0.04),
            balls(both(92, -0.3, 0.17), STEEL, flat=0.8),
        ),
    ),
    "cog_cb_moneybags": CogDesign(
        "cb",
        "stout",
        1.95,
        Head(0.245, 0.145, 0.21, 2.3, -0.2),
        (122, 138, 130),
        (
            spike(0, 0.8, (0, 0.5, -0.3), (214, 184, 126), size=0.2, tip=0.36),
            line(tuple((az, 0.88) for az in range(-180, 181, 40)), (120, 84, 46), thick=0.08),
            eyes(size=0.16, spread=20, v=0.2),
            brows(tilt=0.06, v=0.46),
            nose(length=0.25, size=0.14),
            mouth(curve=0.14, v=-0.45, width=32),
            line(((40, -0.2), (56, -0.05), (48, 0.15)), (80, 110, 60), thick=0.05),
        ),
    ),
    "cog_cb_loanshark": CogDesign(
        "cb",
        "narrow",
        2.40,
        Head(0.053, 0.17, 0.15, 2.3, -0.05),
        (126, 146, 138),
        (
            nose(length=0.75, size=0.42, v=0.12, tip=0.2, colour=(116, 138, 162)),
            spike(180, 0.55, (0, 0.6, -0.35), (96, 116, 140), size=0.24),
            spike(0, 0.9, (0, 0.5, -0.5), (96, 116, 140), size=0.22),
            eyes(size=0.11, spread=52, v=0.3, pupil=0.6),
            mouth(curve=-0.16, v=-0.42, width=52, teeth=0.11, colour=(140, 40, 50)),
            brows(tilt=0.08, v=0.5, spread=46, colour=(70, 86, 110)),
            line(((78, -0.1), (82, 0.2)), (76, 94, 118), thick=0.03, mirrored=True),
            line(((90, -0.1), (94, 0.2)), (76, 94, 118), thick=0.03, mirrored=True),
        ),
        hands=(123, 208, 184),
    ),
    "cog_cb_robberbaron": CogDesign(
        "cb",
        "broad",
        2.51,
        JAW,
        (132, 154, 146),
        (
            hat(BLACK, v=0.6, brim=1.15, crown=0.7, top=0.95, band=RED),
            line(((-80, 0.18), (-30, 0.16), (0, 0.16), (30, 0.16), (80, 0.18)), BLACK, thick=0.19),
            eyes(size=0.13, spread=23, v=0.17),
            nose(length=0.38, size=0.11),
            spike(8, -0.38, (0.55, 0.16, 0.0), BLACK, size=0.09, tip=0.015, mirrored=True),
            mouth(curve=0.06, v=-0.58, width=18),
        ),
    ),
}
