"""Links and one-time codes in texts."""

import pytest

from sandbox.world.links_and_codes import LONGEST, codes, links

CODES = {
    "Your code is 482913": ["482913"],
    "482913 is your Harbor Clinic verification code.": ["482913"],
    "Your code: 2019. It expires in 10 minutes.": ["2019"],
    "See you in 2026": [],
    "Call us at (615) 555-0110 or 615-555-0111. Code 4821": ["4821"],
    "Call +1 615 555 0110 today": [],
    "Your PIN is 0042": ["0042"],
    "Su código es 774411. No lo comparta.": ["774411"],
    "Su código de verificación es: 774 411": ["774411"],
    "Use K7Q-42P to check in": ["K7Q-42P"],
    "G-482913 is your Google verification code": ["G-482913"],
    "Appointment on 05/06/2026 at 9:30 AM": [],
    "Su cita es el 6 de mayo de 2026 a las 14:30": [],
    "Balance due: $1,200.00 or 1500 USD, 1.200 €": [],
    "Order 12345 has shipped. Your code is 9911.": ["9911"],
    "Open https://x.example/reset/482913?code=774411.": [],
    "Text STOP to 55555": [],
    "Envíe ALTO al 55555": [],
    "Take 1000 mg twice": [],
    "1234 Main Street, Nashville, TN 37203": [],
    "COVID-19 boosters are here": [],
    "Use code SAVE20": ["SAVE20"],
    "code a1b2c3": ["a1b2c3"],
    "Enter 482-913 now": ["482-913"],
    "Llame al 555-0123": [],
    "La clave es «8841»": ["8841"],
    "Reply YES or call 16155550110": [],
    "Your card ending in 4821 was charged": [],
    "Room 2045, suite 1200": [],
    "May 6, 2026": [],
    "6 May 2026 0900 hrs": [],
    "Use 482913 to sign in.": ["482913"],
    "zip code 37203": [],
    "código postal 28013": [],
    "Order number 482913": [],
    "Your account PIN is 4821": ["4821"],
    "Write to 482913@x.example": [],
    "Your one-time passcode is 12345678": ["12345678"],
    "Ref 123456789": [],
    "Hay 1500 personas": [],
    "PIN-4821": ["4821"],
    "OTP:4821": ["4821"],
    "Código:4821": ["4821"],
    "Your code is\n4821\nThank you": ["4821"],
    "Your code to sign in to Harbor Clinic is 2024": ["2024"],
    "The code expires in 2027": [],
    "Harbor Clinic: K7Q42P": ["K7Q42P"],
    "Meet at 0930": [],
    "20260506": [],
    "A las 0930 en la sala 1200": [],
    "0900-1700": [],
    "El 612 34 56 78 es nuestro número": [],
    "Tel. 55 1234 5678": [],
    "Pay 45.50 by 12/31": [],
    "1080p 4K H1N1 HBA1C B12": [],
    "code 482913.": ["482913"],
    "(482913)": ["482913"],
    "*482913*": ["482913"],
    "****1234": [],
    "xxxx-1234": [],
    "2721Z-0622U-14171-480RH": [],
}


@pytest.mark.parametrize(("text", "held"), CODES.items())
def test_the_codes_of_a_text(text: str, held: list[str]) -> None:
    assert codes(text) == held


LINKS = {
    "Open https://clinic.example/in?c=K7Q.": ["https://clinic.example/in?c=K7Q"],
    "(See http://a.example/x_(y), or HTTPS://b.example!)": ["http://a.example/x_(y)", "HTTPS://b.example"],
    "*https://a.example* «https://a.example»": ["https://a.example"],
    "http://[::1]:8080/a[0]]": ["http://[::1]:8080/a[0]"],
    "https://, http:// a.example, ftp://a.example, xhttps://a.example": [],
}


@pytest.mark.parametrize(("text", "held"), LINKS.items())
def test_the_links_of_a_text(text: str, held: list[str]) -> None:
    assert links(text) == held


def test_what_no_phone_shows_is_not_looked_at() -> None:
    text = " " * LONGEST + "https://a.example Your code is 482913"
    assert (links(text), codes(text)) == ([], [])
