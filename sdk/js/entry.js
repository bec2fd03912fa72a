// entry - where a player sits, kept up to date by what the lobby tells.

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").VoteTally} VoteTally */
/** @typedef {import("./types.js").ClientEvents["lobby.voteEnded"]} VoteResult */

/**
 * @param {Entry} entry
 * @param {VoteTally} tally
 */
function takeTally(entry, tally) {
    const at = entry.votes.findIndex(({ voteId }) => voteId === tally.voteId);
    if (at < 0) entry.votes.push({ ...tally, choice: null });
    else entry.votes[at] = { ...tally, choice: entry.votes[at].choice };
}

/**
 * @param {Entry} entry
 * @param {string} method of a notification
 * @param {any} params
 * @param {string | undefined} playerId one's own
 */
export function followEntry(entry, method, params, playerId) {
    entry.votes ??= [];
    if (method === "lobby.updated") entry.lobby = params.lobby;
    if (method === "lobby.members") {
        entry.members = params.members;
        const own = entry.members.find((member) => member.playerId === playerId);
        if (own) entry.team = own.team;
    }
    if (method === "match.started") entry.match = params;
    if (method === "lobby.vote") takeTally(entry, params);
    if (method === "lobby.voteEnded")
        entry.votes = entry.votes.filter(({ voteId }) => voteId !== params.voteId);
    if (entry.lobby.state !== "ending") // that vote's end is told by what follows
        entry.votes = entry.votes.filter(({ vote }) => vote !== "restart");
}

/**
 * What the player has voted for: who calls for a kick is for it.
 *
 * @param {Entry} entry
 * @param {string} method of a request that was answered
 * @param {any} params
 */
export function noteChoice(entry, method, params) {
    const set = (/** @type {(vote: VoteTally) => boolean} */ which, /** @type {string} */ option) => {
        for (const vote of entry.votes ?? []) if (which(vote)) vote.choice = option;
    };
    if (method === "lobby.castVote") set(({ voteId }) => voteId === params.voteId, params.option);
    if (method === "lobby.vote") set(({ vote }) => vote === "restart", params.choice ? "yes" : "no");
    if (method === "lobby.callVote" && params.vote === "kick") set(({ vote }) => vote === "kick", "yes");
}

/**
 * Votes that ended while the player was away: with the server without a winner, else with one that
 * is not known.
 *
 * @param {Entry | null} before
 * @param {Entry} entry of the same lobby, or another one
 * @returns {VoteResult[]}
 */
export function endedMeanwhile(before, entry) {
    const running = (entry.votes ?? []).map(({ voteId }) => voteId);
    return (before?.votes ?? [])
        .filter(({ vote, voteId }) => vote !== "restart" && !running.includes(voteId))
        .map(({ vote, voteId, subject, options, counts }) =>
            ({ vote, voteId, subject, options, counts, winner: null }));
}
