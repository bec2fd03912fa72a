/**
 * How long nothing may come while a match runs: there is a snapshot at every tick.
 *
 * @param {number} tickRate in Hz
 */
export declare function silenceMs(tickRate: number): number;
export declare class LineWatch {
    #private;
    /** @param {(silent: boolean) => void} onChange */
    constructor(onChange: (silent: boolean) => void);
    get isSilent(): boolean;
    /**
     * From now on something must be heard at least this often.
     *
     * @param {number} limitMs
     */
    expect(limitMs: number): void;
    /** Something came. */
    heard(): void;
    /** Nothing has to come. */
    stop(): void;
}
