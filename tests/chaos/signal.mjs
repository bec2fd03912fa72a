// signal - waits for a fact that changes with what is heard. It knows no time limit: the run has one.

export class Signal {
    #looks = new Set();

    changed() {
        for (const look of [...this.#looks]) look();
    }

    /** Resolves as soon as it holds. */
    until(holds) {
        return new Promise((resolve) => {
            const look = () => {
                if (!holds()) return;
                this.#looks.delete(look);
                resolve();
            };
            this.#looks.add(look);
            look();
        });
    }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
