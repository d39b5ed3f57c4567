"""Small, explained image classifiers made from your own annotated screenshots."""
