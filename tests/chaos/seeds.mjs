// seeds - runs in which something was lost once, each with what it was: they stay.

export const FAILED = [];
