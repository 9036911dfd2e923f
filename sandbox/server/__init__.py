"""HTTP that is ours, not a vendor's."""
