"""Reminds patients of appointments, and keeps count of what became of it."""
