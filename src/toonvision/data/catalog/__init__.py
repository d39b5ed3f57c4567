"""The catalogue: what was extracted, in a file that can always be made again. Nothing else speaks SQL."""

from toonvision.data.catalog.queries import Catalog
from toonvision.data.records import MOST_NUMBERS, Crop, StoredScreenshot

__all__ = ["MOST_NUMBERS", "Catalog", "Crop", "StoredScreenshot"]
