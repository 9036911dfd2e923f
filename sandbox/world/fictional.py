"""Which telephone numbers can be nobody's?"""

import re

FICTIONAL = re.compile(
    r"1[2-9][0-9]{2}55501[0-9]{2}"  # North America: NPA-555-01xx
    r"|1555[0-9]{7}"  # no area code of North America
    r"|44(?:7700900|2079460|1632960|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960)[0-9]{3}"
    r"|61(?:491570(?:006|15[6-9]|110|313|737|266|491|804)|[2378](?:5550|7010)[0-9]{4})",
    re.ASCII,
)
"""The ranges that the numbering plans of North America, Britain and Australia keep free for films and books."""
OF_REFERENCES = frozenset(
    ("18052849243", "14153755156", "16159737483", "16159316279", "16154294252", "16015732549", "16153232123")
)
"""The sample numbers of the vendors' references, which `fixture documented` holds."""


def is_fictional(number: str) -> bool:
    """Return whether these 11 to 15 digits can be nobody's, or are a sample of the references."""
    return FICTIONAL.fullmatch(number) is not None or number in OF_REFERENCES
