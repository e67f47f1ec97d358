"""Arrays made, joined, cut, turned and sorted."""
