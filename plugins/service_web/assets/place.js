// place - where the page lives: at the root of a host or below a path of it, such as /game/. All its
// addresses follow from there.

/** The folder of a page's address: "https://host/game/?x#y" -> "https://host/game/" */
export function folderOf(address) {
    return new URL(".", address);
}

/** The server of the page in that folder: REST is asked below baseUrl. */
export function serverOf(folder) {
    const socket = new URL("ws", folder);
    socket.protocol = folder.protocol === "https:" ? "wss:" : "ws:";
    return { baseUrl: folder.href.replace(/\/$/, ""), socketUrl: socket.href };
}

/** Keys of this folder's page alone: another server may live below the same host. */
export function storageOf(storage, { pathname }) {
    const keyOf = (key) => (pathname === "/" ? key : `${pathname} ${key}`);
    return {
        getItem: (key) => storage.getItem(keyOf(key)),
        setItem: (key, value) => storage.setItem(keyOf(key), value),
        removeItem: (key) => storage.removeItem(keyOf(key)),
    };
}
