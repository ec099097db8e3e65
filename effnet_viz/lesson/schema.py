"""The tables of the room's store."""

#: One row per (room, question, seat): a vote is there once or not at all, whatever happens.
SCHEMA = """
CREATE TABLE IF NOT EXISTS rooms (
    code    TEXT PRIMARY KEY,
    teacher TEXT NOT NULL,
    base    TEXT NOT NULL,
    screen  TEXT NOT NULL,
    version INTEGER NOT NULL,
    created REAL NOT NULL,
    expires REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seats (
    room     TEXT NOT NULL REFERENCES rooms(code) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    token    TEXT NOT NULL UNIQUE,
    nickname TEXT NOT NULL,
    joined   REAL NOT NULL,
    PRIMARY KEY (room, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS questions (
    room     TEXT NOT NULL REFERENCES rooms(code) ON DELETE CASCADE,
    question TEXT NOT NULL,
    phase    TEXT NOT NULL CHECK (phase IN ('open', 'locked', 'revealed')),
    PRIMARY KEY (room, question)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS votes (
    room     TEXT NOT NULL,
    question TEXT NOT NULL,
    seat     INTEGER NOT NULL,
    value    TEXT NOT NULL,
    at       REAL NOT NULL,
    PRIMARY KEY (room, question, seat),
    FOREIGN KEY (room, question) REFERENCES questions(room, question) ON DELETE CASCADE,
    FOREIGN KEY (room, seat) REFERENCES seats(room, number) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS misses (
    source TEXT NOT NULL,
    at     REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS misses_by_source ON misses (source, at);
"""
