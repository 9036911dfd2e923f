"""JUnit as Debian has it: tests in Java are compiled and run without a build tool or a download."""

import os
import subprocess
from pathlib import Path

import pytest
from documents import needed

JARS = Path(os.environ.get("JUNIT_JARS", "/usr/share/java"))
JUNIT = (
    "apiguardian-api",
    "junit-jupiter-api",
    "junit-jupiter-engine",
    "junit-platform-commons",
    "junit-platform-console",
    "junit-platform-engine",
    "junit-platform-launcher",
    "junit-platform-reporting",
    "opentest4j",
    "opentest4j-reporting-events",
    "opentest4j-reporting-schema",
    "picocli",
)


def compiled(place: Path, *sources: Path) -> tuple[str, ...]:
    """Compile these without a warning; return what runs their tests, to which is added which. Skips without JUnit."""
    needed("javac", "java")
    jars = [JARS / f"{name}.jar" for name in JUNIT]
    if not all(jar.exists() for jar in jars):
        assert "CI" not in os.environ, "CI has JUnit"
        pytest.skip("JUnit is not installed")
    path = ":".join(map(str, (place, *jars)))
    javac = ("javac", "-Xlint:all,-path", "-Werror", "-proc:none", "-cp", path, "-d", str(place))
    subprocess.run([*javac, *map(str, sources)], check=True)
    return ("java", "-cp", path, "org.junit.platform.console.ConsoleLauncher", "--details", "summary")
