// figures - what benches make of many measurements.

/** A generator with more of its core than this is at its own limit: the run is void. */
export const GENERATOR_PERCENT_MAX = 90;

export function quantile(values, share) {
    const sorted = values.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
}

function median(numbers) {
    const sorted = numbers.toSorted((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Of each figure, also of those within, the median of the rounds. */
export function medians(rounds) {
    const of = (name) => {
        const values = rounds.map((round) => round[name]);
        return typeof values[0] === "object" ? medians(values) : median(values);
    };
    return Object.fromEntries(Object.keys(rounds[0]).map((name) => [name, of(name)]));
}
