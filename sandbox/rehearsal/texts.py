"""What do people and staff text, and which texts trip programs?"""

ORDINARY = (
    "Please bring your card to your visit.",
    "Your results are in.",
    "We have moved your visit to Friday at ten.",
    "Your prescription is ready.",
    "Can you come half an hour earlier?",
)
ANSWERS = ("Yes, thank you.", "Who is this?", "I cannot come.", "On my way", "2")
ODD = {
    "emoji": "See you tomorrow \U0001f469\U0001f3fd\u200d\u2695\ufe0f\U0001f389",
    "the end of a CDATA section": "Room B ]]> second door",
    "markup": "<b>Bring</b> pen & paper; 3 < 5 > 4 <br/>",
    "entities": "Fish &amp; chips &lt;today&gt; &#128512;",
    "several lines": "Monday 9:00\nTuesday 10:00\r\n\tor call us",
    "nothing but a blank": " ",
    "quotes": "She said \"yes\" and \\ 'no'; {first_name} %s $1 --",
    "letters of other scripts": "Xin chào Nguyễn, שלום, こんにちは, Ñandú",
    "the word null": "null",
    "a long text": "Please read this before your visit. " * 20,
    "a long text with one sign of another script": "Por favor, lea esto antes de su cita. " * 15 + "→",
}
"""By what is odd about them."""
