"""What do callers do wrong whatever the vendor, and how is said what would be right?"""

from sandbox.vendors.base.hints.forms import of_missing, of_unreadable_form
from sandbox.vendors.base.hints.names import misnamed, of_names
from sandbox.vendors.base.hints.phones import of_phone, plain_phone, why_blank
from sandbox.vendors.base.hints.protocol import of_http, of_keys_in_query
from sandbox.vendors.base.hints.refusals import of_console, of_credentials, of_method, of_refusal, of_unknown_path
from sandbox.vendors.base.hints.texts import FindingTexts, Hint, finding, instead, method_and_path
from sandbox.vendors.base.hints.times import of_moment

__all__ = [
    "FindingTexts",
    "Hint",
    "finding",
    "instead",
    "method_and_path",
    "misnamed",
    "of_console",
    "of_credentials",
    "of_http",
    "of_keys_in_query",
    "of_method",
    "of_missing",
    "of_moment",
    "of_names",
    "of_phone",
    "of_refusal",
    "of_unknown_path",
    "of_unreadable_form",
    "plain_phone",
    "why_blank",
]
