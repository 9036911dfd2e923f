"""What can go wrong, in our own words. The text of each is a sentence for the person who caused it."""


class WorldError(Exception):
    """The world refuses; nothing was changed."""


class UnknownWorkspace(WorldError):
    """No workspace of that name."""


class UnknownConsole(WorldError):
    """No console of that code in this workspace."""


class UnknownAccount(WorldError):
    """No account with that access key in this workspace."""


class UnknownLine(WorldError):
    """No console and no account of this workspace texts from that number."""


class UnknownMessage(WorldError):
    """No message of this workspace bears that id."""


class UnknownPerson(WorldError):
    """No person of this workspace bears that id or phone."""


class UnknownExchange(WorldError):
    """No entry of this journal bears that id."""


class UnknownCallback(WorldError):
    """No callback of this workspace bears that id."""


class UnknownSink(WorldError):
    """No sink of this workspace bears that name."""


class UnknownSnapshot(WorldError):
    """No snapshot of this workspace bears that name."""


class ForeignSnapshot(WorldError):
    """A snapshot of another schema than this version's."""


class DamagedSnapshot(WorldError):
    """What is no snapshot, or no longer."""


class UnknownStory(WorldError):
    """No story of that name in the workspace's fixture."""


class StoryUnderWay(WorldError):
    """Another story is being played."""


class NoStoryUnderWay(WorldError):
    """Nothing is being played."""


class UnknownFault(WorldError):
    """No fault of this workspace bears that id."""


class TooManyFaults(WorldError):
    """The workspace has as many faults as it may have."""


class TooManyWorkspaces(WorldError):
    """The server has as many workspaces as it takes."""


class TooManyMessages(WorldError):
    """The workspace has no room for so many more messages."""


class TooManySnapshots(WorldError):
    """The workspace has as many snapshots as it may have."""


class TooManySinks(WorldError):
    """The workspace has as many sinks as it may have."""


class AlreadyTaken(WorldError):
    """Something else bears this name, id or number already."""


class ProtectedWorkspace(WorldError):
    """The default workspace, which is always there."""


class NotOutbound(WorldError):
    """Asked of an inbound message what only an outbound one can do."""


class ImpossibleMove(WorldError):
    """A status that the message cannot take from where it stands; `possible` are those it can."""

    def __init__(self, message: str, possible: tuple[str, ...]) -> None:
        super().__init__(message)
        self.possible = possible


class TooEarly(WorldError):
    """A fact dated before what it builds on."""


class ClockGoesBack(WorldError):
    """A clock was to be set to a time before its own."""


class UnknownZone(WorldError):
    """It is the name of no time zone."""


class ImpossiblePhone(WorldError):
    """Not a telephone number."""


class FixtureRefused(WorldError):
    """A fixture that cannot be read or is not right; names file and line."""
