export type SyncField = import("./types.js").SyncField;
export type SyncValue = import("./types.js").SyncValue;
/** The state of a mode as its snapshots tell it. */
export declare class SyncState {
    #private;
    /** @type {Map<string, SyncValue>} shared fields, by name */
    fields: Map<string, SyncValue>;
    /** @type {Map<number, Map<string, SyncValue>>} by seat: those fields that one may see */
    players: Map<number, Map<string, SyncValue>>;
    /**
     * @param {SyncField[]} schema `sync` of the match's intro
     * @param {number} seatsMax of the MatchInfo
     */
    constructor(schema: SyncField[], seatsMax: number);
    /**
     * Take in a payload. One that is malformed changes nothing.
     *
     * @param {Uint8Array} payload
     * @param {boolean} full `full` of the snapshot
     */
    apply(payload: Uint8Array, full: boolean): void;
}
