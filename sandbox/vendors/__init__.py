"""The APIs that we play, a folder each. A vendor is a value: `create_app` takes these, or others."""

from sandbox.vendors.base.vendor import Vendor
from sandbox.vendors.dialogtech import DIALOGTECH
from sandbox.vendors.simplepay import SIMPLEPAY
from sandbox.vendors.writeback import WRITEBACK

__all__ = ["DIALOGTECH", "SIMPLEPAY", "VENDORS", "WRITEBACK"]

VENDORS: tuple[Vendor, ...] = (WRITEBACK, SIMPLEPAY, DIALOGTECH)
