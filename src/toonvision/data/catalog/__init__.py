"""The catalogue: what was extracted, in a file that can always be made again. Nothing else speaks SQL."""

from toonvision.data.catalog.queries import Catalog
from toonvision.data.catalog.values import MOST_NUMBERS, Crop, NewCrop, NewScreenshot, StoredScreenshot

__all__ = ["MOST_NUMBERS", "Catalog", "Crop", "NewCrop", "NewScreenshot", "StoredScreenshot"]
