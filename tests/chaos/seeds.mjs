// seeds - runs in which something was lost once, each with what it was: they stay.

export const FAILED = [
    {
        seed: 1, seconds: 60, lobbies: 200, faults: ["kill", "stall", "restart", "cut", "replace", "theft"],
        lost: "an end was told twice: who came back as the next match was decided had it with the next one's, too",
    },
    {
        seed: 3, seconds: 60, lobbies: 200,
        faults: ["kill", "stall", "restart", "cut", "replace", "poison", "upgrade", "badUpgrade", "disk", "theft"],
        lost: "all of it: a restart that was said twice in one turn stopped the server",
    },
    {
        seed: 31, seconds: 60, lobbies: 50, faults: ["kill", "stall", "cut", "replace", "poison", "theft", "restart"],
        lost: "recordings, since a handler that a script had taken off was there again; and a team that was not told yet",
    },
    {
        seed: 32, seconds: 40, lobbies: 60,
        faults: ["kill", "stall", "restart", "cut", "replace", "poison", "upgrade", "badUpgrade", "disk", "theft"],
        lost: "43 ticks of a match without a log: its first checkpoint came a second later than the others do",
    },
];
