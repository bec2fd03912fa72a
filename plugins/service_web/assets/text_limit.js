// text_limit - lengths counted as the server counts them: in bytes of UTF-8, not in characters.

const encoder = new TextEncoder();

export function bytesOf(text) {
    return encoder.encode(text).length;
}

/** What is wrong with the length of a text, "" when it fits. */
export function lengthFault(text, bytesMax) {
    const bytes = bytesOf(text);
    if (bytes <= bytesMax) return "";
    return `This is ${bytes} bytes long; at most ${bytesMax} are taken ` +
        "(a letter with an accent counts 2, an emoji 4 or more).";
}

/** Fields with data-bytes-max complain by themselves, before anything is sent. */
export function watchLimits(root) {
    root.addEventListener("input", ({ target }) => {
        const bytesMax = Number(target.dataset?.bytesMax);
        if (bytesMax) target.setCustomValidity(lengthFault(target.value.trim(), bytesMax));
    });
}
