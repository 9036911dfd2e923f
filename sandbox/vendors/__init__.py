"""The APIs we play, one file each."""

from sandbox.vendors.dialogtech import DIALOGTECH
from sandbox.vendors.simplepay import SIMPLEPAY
from sandbox.vendors.writeback import WRITEBACK

VENDORS = (WRITEBACK, SIMPLEPAY, DIALOGTECH)

OPERATIONS = tuple(dict.fromkeys(name for vendor in VENDORS for name in vendor.operations))
"""What the journal, faults and events call the vendors' endpoints."""
