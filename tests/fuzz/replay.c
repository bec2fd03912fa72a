/* replay - runs a fuzz target on every file of the folders given. Fails when there is none. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static int replay_file(const char *path) {
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees each byte too far */
    if (!exact) return 1;
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

static int replay_folder(const char *folder, unsigned *count) {
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int failed = 0;
    if (!directory) {
        perror(folder);
        return 1;
    }
    while ((entry = readdir(directory))) {
        char path[1024];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        failed |= replay_file(path);
        ++*count;
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv) {
    unsigned count = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) failed |= replay_folder(argv[i], &count);
    printf("%u inputs\n", count);
    return failed || count == 0;
}
