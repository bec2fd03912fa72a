export type Entry = import("./types.js").Entry;
export type VoteTally = import("./types.js").VoteTally;
export type VoteResult = import("./types.js").ClientEvents["lobby.voteEnded"];
/**
 * @param {Entry} entry
 * @param {string} method of a notification
 * @param {any} params
 * @param {string | undefined} playerId one's own
 */
export declare function followEntry(entry: Entry, method: string, params: any, playerId: string | undefined): void;
/**
 * What the player has voted for: who calls for a kick is for it.
 *
 * @param {Entry} entry
 * @param {string} method of a request that was answered
 * @param {any} params
 */
export declare function noteChoice(entry: Entry, method: string, params: any): void;
/**
 * Votes that ended while the player was away: with the server without a winner, else with one that
 * is not known.
 *
 * @param {Entry | null} before
 * @param {Entry} entry of the same lobby, or another one
 * @returns {VoteResult[]}
 */
export declare function endedMeanwhile(before: Entry | null, entry: Entry): VoteResult[];
