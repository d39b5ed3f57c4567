"""The eight Lawbots as rows of a table."""

from typing import Final

from toonvision.world.cog_design import DOME, EGG, LIP, LONG, OVAL, CogDesign
from toonvision.world.heads import Head, balls, both, brows, eyes, line, mouth, nose, spike
from toonvision.world.headwear import cap, hat
from toonvision.world.palette import BLACK, RED, WHITE

CURLS: Final = tuple((az, v, 0.3) for v in (-0.5, -0.1, 0.3) for az in (-95, 95, -130, 130, 162, 198)) + tuple(
    (az, 0.72, 0.36) for az in (-80, -40, 0, 40, 80, 130, 180, 230)
)
FEATHERS: Final = tuple((az, v, 0.26) for v in (-0.6, -0.2, 0.2) for az in (-85, 85, -120, 120, 160, 200))

LAWBOTS: Final[dict[str, CogDesign]] = {
    "cog_lb_bottomfeeder": CogDesign(
        "lb",
        "stout",
        1.35,
        DOME,
        (142, 140, 174),
        (
            eyes(size=0.25, spread=38, v=0.72, lid=0.3, tall=1.0),
            mouth(curve=-0.1, v=-0.35, width=46, thick=0.11, colour=LIP),
            spike(32, -0.45, (0.35, -0.5, 0.15), (98, 120, 104), size=0.06, tip=0.02, mirrored=True),
            spike(0, 0.9, (0, 0.35, -0.5), (98, 130, 120), size=0.2),
            balls(both(95, -0.1, 0.26), (108, 132, 118), flat=0.3),
            balls(((0, 0.1, 0.06), (-14, 0.2, 0.05), (15, 0.3, 0.05)), (96, 118, 102)),
        ),
    ),
    "cog_lb_bloodsucker": CogDesign(
        "lb",
        "narrow",
        1.73,
        LONG,
        (226, 220, 224),
        (
            cap(BLACK, v=0.42),
            spike(0, 0.55, (0, -0.28, 0.1), BLACK, size=0.2),
            eyes(size=0.16, iris=RED, v=0.1),
            brows(tilt=0.12, v=0.36, colour=BLACK),
            nose(length=0.32, size=0.09, drop=0.1),
            mouth(curve=0.05, v=-0.42, width=26),
            spike(14, -0.42, (0, -0.24, 0.03), WHITE, size=0.06, mirrored=True),
            spike(90, 0.1, (0.3, 0.4, 0), (196, 184, 208), size=0.17, mirrored=True),
        ),
        hands=(233, 233, 245),
    ),
    "cog_lb_doubletalker": CogDesign(
        "lb",
        "broad",
        1.58,
        EGG,
        (176, 174, 204),
        (
            eyes(size=0.14, spread=25, v=0.5),
            brows(tilt=0.06, v=0.75),
            nose(length=0.3, size=0.1, v=0.25),
            mouth(curve=0.14, v=-0.02, width=38, teeth=0.07),
            mouth(curve=-0.16, v=-0.52, width=38, teeth=0.07, colour=(60, 40, 90)),
            balls(both(92, 0.3, 0.14), (206, 140, 104), flat=0.5),
            cap((150, 150, 156), v=0.82),
        ),
    ),
    "cog_lb_ambulancechaser": CogDesign(
        "lb",
        "narrow",
        1.79,
        Head(0.064, 0.2, 0.075, 3.0, 0.06),
        (146, 140, 168),
        (
            line(
                ((-180, 0.48), (-120, 0.48), (-60, 0.48), (0, 0.48), (60, 0.48), (120, 0.48), (180, 0.48)),
                RED,
                thick=0.12,
            ),
            hat((232, 50, 44), v=0.85, brim=0, crown=0.5, round_top=True),
            eyes(size=0.2, spread=24, v=0.08),
            nose(length=0.3, size=0.12, v=-0.15),
            mouth(curve=-0.02, v=-0.55, width=22, thick=0.09),
            balls(both(92, -0.1, 0.2), (222, 196, 170), flat=0.5),
            brows(tilt=-0.08, v=0.34, thick=0.04),
        ),
    ),
    "cog_lb_backstabber": CogDesign(
        "lb",
        "broad",
        1.89,
        Head(0.085, 0.235, 0.1, 2.2, -0.3),
        (108, 88, 142),
        (
            cap((44, 42, 60), v=0.3, grow=1.1),
            eyes(size=0.13, spread=25, v=0.08, lid=0.55, iris=(150, 40, 40)),
            brows(tilt=0.12, v=0.27, colour=(40, 38, 56)),
            nose(length=0.5, size=0.1, drop=0.25, tip=0.5),
            mouth(curve=0.1, v=-0.52, width=30),
            line(((34, 0.0), (40, -0.4)), (110, 70, 110), thick=0.03),
            spike(0, -0.9, (0, -0.3, 0.12), (44, 42, 60), size=0.1),
        ),
    ),
    "cog_lb_spindoctor": CogDesign(
        "lb",
        "narrow",
        2.21,
        OVAL,
        (104, 166, 138),
        (
            cap((110, 190, 176), v=0.42, grow=1.08),
            balls(((0, 0.68, 0.2),), (220, 226, 232), flat=0.3, out=0.1),
            balls(((0, 0.68, 0.07),), BLACK, flat=0.5, out=0.16),
            eyes(size=0.22, spread=25, v=0.08, iris=(110, 60, 160), pupil=0.62),
            balls(both(24, 0.06, 0.06), WHITE, flat=0.5, out=0.2),
            nose(length=0.26, size=0.11),
            mouth(curve=0.13, v=-0.5, width=30),
        ),
        hands=(123, 197, 185),
    ),
    "cog_lb_legaleagle": CogDesign(
        "lb",
        "broad",
        2.33,
        Head(0.088, 0.092, 0.1, 2.2, 0.1),
        (162, 160, 212),
        (
            balls(FEATHERS, (226, 222, 210), flat=0.5, tall=1.7),
            eyes(size=0.15, spread=27, v=0.22, white=(246, 222, 120), lid=0.25),
            brows(tilt=0.13, v=0.45, thick=0.08, colour=(92, 66, 46)),
            nose(length=0.62, size=0.22, v=-0.15, drop=0.42, colour=(240, 176, 40), tip=0.12),
            mouth(curve=-0.1, v=-0.5, width=22, colour=(206, 140, 30), thick=0.08),
            spike(0, 0.95, (0, 0.28, -0.3), (226, 222, 210), size=0.16),
        ),
        hands=(61, 61, 123),
    ),
    "cog_lb_bigwig": CogDesign(
        "lb",
        "broad",
        2.44,
        Head(0.105, 0.125, 0.11, 2.4, -0.05),
        (170, 166, 206),
        (
            balls(CURLS, (240, 238, 232)),
            eyes(size=0.14, spread=24, v=0.15, lid=0.35),
            brows(tilt=0.03, v=0.4, colour=(200, 198, 190)),
            nose(length=0.35, size=0.15),
            mouth(curve=-0.12, v=-0.5, width=22),
            balls(both(40, -0.3, 0.17), (236, 150, 136), flat=0.5),
        ),
    ),
}
