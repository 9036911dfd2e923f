"""The APIs we play, one file each."""

from sandbox.vendors.dialogtech import DIALOGTECH
from sandbox.vendors.simplepay import SIMPLEPAY
from sandbox.vendors.writeback import WRITEBACK

VENDORS = (WRITEBACK, SIMPLEPAY, DIALOGTECH)
