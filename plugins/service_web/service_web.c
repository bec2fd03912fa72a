/* service_web - serves the browser client and the JavaScript SDK it stands on.
 *
 * Role service. All files are read at start and served from memory by an exact table: no path of a
 * request ever reaches the file system. Each file answers at two addresses: its plain path, to be
 * revalidated by its ETag, and below a prefix that names the content of the whole tree, to be kept
 * for ever. index.html points at the latter, so a CDN can stand in front.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <zlib.h>

#include <muster/plugin.h>

#include "base/negotiate.h"

#define FILES_MAX 256u
#define FILE_BYTES_MAX (2u << 20)
#define TREE_BYTES_MAX (16u << 20)
#define FILE_DEPTH_MAX 4
#define PATH_BYTES_MAX 200u
#define HASH_BYTES 16u
#define HASH_TEXT_BYTES (2u * HASH_BYTES + 1u)
#define ETAG_BYTES (HASH_TEXT_BYTES + 6u) /* quotes, "-gz" */
#define HEADERS_MAX 8u
#define ROUTES_MAX 5u
#define ASSETS_MARK "{{ASSETS}}"

#define CONTENT_POLICY                                                                             \
    "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; "        \
    "form-action 'self'; frame-ancestors 'none'"

struct blob {
    uint8_t *data; /* null: none */
    size_t len;
};

struct file {
    char path[PATH_BYTES_MAX]; /* of the address, e.g. "/assets/app.js" */
    const char *content_type;
    struct blob plain;
    struct blob gzip; /* made when first asked for, and only where it is smaller */
    bool may_zip;     /* it was not tried yet */
    char etag[ETAG_BYTES];
    char etag_gzip[ETAG_BYTES];
};

struct web {
    muster_self *self;
    const struct muster_host *host;
    struct file *files; /* sorted by path once loaded */
    uint32_t file_count;
    size_t bytes;
    char prefix[HASH_TEXT_BYTES + 4]; /* "/v-HASH" */
    muster_route_id routes[ROUTES_MAX];
    uint32_t route_count;
    char wrong[1024]; /* with the files, for who must mend it */
};

struct media_type {
    const char *suffix;
    const char *content_type;
    bool is_text;
};

/* Files of any other kind in the folders are not served. */
static const struct media_type media_types[] = {
    {".html", "text/html; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".svg", "image/svg+xml", true},
    {".json", "application/json", true},
    {".webmanifest", "application/manifest+json", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".png", "image/png", false},
    {".ico", "image/x-icon", false},
    {".woff2", "font/woff2", false},
};

static const struct media_type *media_type_of(const char *name) {
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof media_types / sizeof media_types[0]; i++) {
        size_t n = strlen(media_types[i].suffix);
        if (len > n && !strcmp(name + len - n, media_types[i].suffix)) return &media_types[i];
    }
    return NULL;
}

/* ---- loading --------------------------------------------------------------------------------- */

static muster_status read_all(int fd, struct blob *out) {
    while (true) {
        uint8_t chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return MUSTER_IO;
        if (n == 0) return MUSTER_OK;
        if (out->len + (size_t)n > FILE_BYTES_MAX) return MUSTER_LIMIT;
        uint8_t *grown = realloc(out->data, out->len + (size_t)n);
        if (!grown) return MUSTER_NO_MEMORY;
        memcpy(grown + out->len, chunk, (size_t)n);
        out->data = grown;
        out->len += (size_t)n;
    }
}

static muster_status read_file(const char *path, struct blob *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return MUSTER_IO;
    struct stat facts;
    muster_status status = MUSTER_IO;
    if (!fstat(fd, &facts) && S_ISREG(facts.st_mode)) status = read_all(fd, out);
    close(fd);
    return status;
}

/* Leaves out empty when the result would not be clearly smaller, or there is no memory. */
static void compress_blob(const struct blob *plain, struct blob *out) {
    z_stream stream = {0};
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return;
    size_t cap = plain->len * 9 / 10;
    uint8_t *data = cap ? malloc(cap) : NULL;
    if (!data) goto done;
    stream.next_in = plain->data;
    stream.avail_in = (uInt)plain->len;
    stream.next_out = data;
    stream.avail_out = (uInt)cap;
    if (deflate(&stream, Z_FINISH) == Z_STREAM_END) {
        *out = (struct blob){data, stream.total_out};
        data = NULL;
    }
done:
    free(data);
    deflateEnd(&stream);
}

static void hash_text(const struct blob *blob, char text[HASH_TEXT_BYTES]) {
    uint8_t hash[HASH_BYTES];
    crypto_generichash(hash, sizeof hash, blob->data, blob->len, NULL, 0);
    sodium_bin2hex(text, HASH_TEXT_BYTES, hash, sizeof hash);
}

/* What follows from the content. */
static void finish_file(struct file *file, bool is_text) {
    char text[HASH_TEXT_BYTES];
    hash_text(&file->plain, text);
    snprintf(file->etag, sizeof file->etag, "\"%s\"", text);
    snprintf(file->etag_gzip, sizeof file->etag_gzip, "\"%s-gz\"", text);
    file->may_zip = is_text;
}

/* Where a file of the folders is served. SDK files lie flat below /sdk/js. */
static void address_of(const char *base, const char *name, char out[PATH_BYTES_MAX]) {
    bool is_top = !strcmp(base, "/assets");
    if (is_top && !strcmp(name, "index.html")) {
        snprintf(out, PATH_BYTES_MAX, "/");
    } else if (is_top && !strcmp(name, "favicon.svg")) {
        snprintf(out, PATH_BYTES_MAX, "/favicon.svg");
    } else {
        snprintf(out, PATH_BYTES_MAX, "%s/%s", base, name);
    }
}

static muster_status load_file(struct web *web, const char *base, const char *name,
                               const char *path) {
    const struct media_type *type = media_type_of(name);
    if (!type || name[0] == '.') return MUSTER_OK;
    if (web->file_count == FILES_MAX || strlen(base) + strlen(name) + 2 > PATH_BYTES_MAX) {
        return MUSTER_LIMIT;
    }
    struct file *file = &web->files[web->file_count++];
    address_of(base, name, file->path);
    file->content_type = type->content_type;
    muster_status status = read_file(path, &file->plain);
    if (status) return status;
    web->bytes += file->plain.len;
    if (web->bytes > TREE_BYTES_MAX) return MUSTER_LIMIT;
    if (strcmp(file->path, "/") != 0) finish_file(file, type->is_text);
    return MUSTER_OK;
}

static muster_status load_entry(struct web *web, const char *base, size_t root_len,
                                const FTSENT *entry) {
    if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
        return MUSTER_IO;
    }
    if (entry->fts_info != FTS_F || entry->fts_level > FILE_DEPTH_MAX) return MUSTER_OK;
    return load_file(web, base, entry->fts_path + root_len + 1, entry->fts_accpath);
}

/* The regular files below root; links are not followed, root itself may be one. */
static muster_status load_folder(struct web *web, const char *base, const char *root) {
    char *const roots[] = {(char *)root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (!walk) return MUSTER_IO;
    muster_status status = MUSTER_OK;
    const FTSENT *entry;
    const char *at = root;
    while (!status && (entry = fts_read(walk))) {
        at = entry->fts_path;
        status = load_entry(web, base, strlen(root), entry);
    }
    if (status) {
        snprintf(web->wrong, sizeof web->wrong,
                 "cannot read %.800s (%s): expected at most %u files, %u bytes each, %u together",
                 at, status == MUSTER_IO ? strerror(errno) : "too much", FILES_MAX, FILE_BYTES_MAX,
                 TREE_BYTES_MAX);
    }
    fts_close(walk);
    return status;
}

static int compare_files(const void *a, const void *b) {
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static struct file *find_file(const struct web *web, const char *path) {
    if (strlen(path) >= PATH_BYTES_MAX) return NULL;
    struct file key = {0};
    memcpy(key.path, path, strlen(path));
    return bsearch(&key, web->files, web->file_count, sizeof key, compare_files);
}

/* The prefix names the content of all files but index.html, which carries it. */
static void make_prefix(struct web *web) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    for (uint32_t i = 0; i < web->file_count; i++) {
        const struct file *file = &web->files[i];
        crypto_generichash_update(&state, (const uint8_t *)file->path, strlen(file->path) + 1);
        crypto_generichash_update(&state, (const uint8_t *)file->etag, strlen(file->etag) + 1);
    }
    uint8_t hash[HASH_BYTES];
    char text[HASH_TEXT_BYTES];
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    snprintf(web->prefix, sizeof web->prefix, "/v-%s", text);
}

/* Puts the prefix where index.html has the mark. */
static muster_status fill_index(const struct web *web, struct file *index) {
    struct blob *blob = &index->plain;
    size_t mark_len = strlen(ASSETS_MARK), prefix_len = strlen(web->prefix);
    struct blob out = {malloc(blob->len / mark_len * prefix_len + blob->len + 1), 0};
    if (!out.data) return MUSTER_NO_MEMORY;
    for (size_t at = 0; at < blob->len;) {
        bool marked = blob->len - at >= mark_len && !memcmp(blob->data + at, ASSETS_MARK, mark_len);
        const void *from = marked ? (const void *)web->prefix : blob->data + at;
        size_t n = marked ? prefix_len : 1;
        memcpy(out.data + out.len, from, n);
        out.len += n;
        at += marked ? mark_len : 1;
    }
    free(blob->data);
    *blob = out;
    finish_file(index, true);
    return MUSTER_OK;
}

static muster_status load_tree(struct web *web) {
    const char *share = web->host->config->share_dir(web->self);
    const char *own = web->host->config->string(web->self, "assetsDir");
    char assets[4096], sdk[4096];
    int assets_len = own[0] ? snprintf(assets, sizeof assets, "%s", own)
                            : snprintf(assets, sizeof assets, "%s/web", share);
    int sdk_len = snprintf(sdk, sizeof sdk, "%s/js", share);
    if (assets_len >= (int)sizeof assets || sdk_len >= (int)sizeof sdk) return MUSTER_LIMIT;
    while (assets_len > 1 && assets[assets_len - 1] == '/') assets[--assets_len] = '\0';
    muster_status status = load_folder(web, "/assets", assets);
    if (!status) status = load_folder(web, "/sdk/js", sdk);
    if (status) return status;
    qsort(web->files, web->file_count, sizeof *web->files, compare_files);
    struct file *index = find_file(web, "/");
    if (!index) {
        snprintf(web->wrong, sizeof web->wrong, "%.800s: expected a file index.html, found none",
                 assets);
        return MUSTER_NOT_FOUND;
    }
    make_prefix(web);
    return fill_index(web, index);
}

/* ---- answering ------------------------------------------------------------------------------- */

static bool has_gzip(struct file *file) {
    if (file->may_zip) compress_blob(&file->plain, &file->gzip);
    file->may_zip = false;
    return file->gzip.data != NULL;
}

static void answer_file(struct web *web, const struct muster_http_request *request,
                        struct file *file, bool is_for_ever) {
    const struct muster_host_http *http = web->host->http;
    bool zipped =
        negotiate_gzip(http->header(web->self, request->id, "accept-encoding")) && has_gzip(file);
    const char *etag = zipped ? file->etag_gzip : file->etag;
    const struct blob *blob = zipped ? &file->gzip : &file->plain;
    struct muster_http_header headers[HEADERS_MAX] = {
        {"etag", etag},
        {"cache-control", is_for_ever ? "public, max-age=31536000, immutable" : "no-cache"},
        {"vary", "accept-encoding"},
        {"x-content-type-options", "nosniff"},
        {"referrer-policy", "no-referrer"},
        {"content-security-policy", CONTENT_POLICY},
    };
    uint32_t header_count = 6;
    struct muster_http_response response = {
        .size = sizeof response, .status = 304, .headers = headers};
    if (!negotiate_unchanged(http->header(web->self, request->id, "if-none-match"), etag)) {
        response.status = 200;
        response.content_type = file->content_type;
        response.body = (struct muster_bytes){blob->data, blob->len};
        if (zipped)
            headers[header_count++] = (struct muster_http_header){"content-encoding", "gzip"};
    }
    response.header_count = header_count;
    muster_status status = http->respond(web->self, request->id, &response);
    if (status && status != MUSTER_NOT_FOUND) {
        web->host->log->write(web->self, MUSTER_LOG_WARN, "answer to %s not sent: %d", file->path,
                              (int)status);
    }
}

static void on_request(void *user, const struct muster_http_request *request) {
    struct web *web = user;
    const char *path = request->path;
    size_t prefix_len = strlen(web->prefix);
    bool is_for_ever = !strncmp(path, web->prefix, prefix_len) && path[prefix_len] == '/';
    if (is_for_ever) path += prefix_len;
    bool is_index_for_ever = is_for_ever && !strcmp(path, "/"); /* its content is not in the hash */
    struct file *file = is_index_for_ever ? NULL : find_file(web, path);
    if (file) {
        answer_file(web, request, file, is_for_ever);
        return;
    }
    muster_status status =
        web->host->http->problem(web->self, request->id, 404, "not_found", "No such file.");
    if (status && status != MUSTER_NOT_FOUND) {
        web->host->log->write(web->self, MUSTER_LOG_WARN, "answer not sent: %d", (int)status);
    }
}

static void web_stop(void *instance) {
    struct web *web = instance;
    while (web->route_count > 0) {
        muster_status status =
            web->host->http->route_remove(web->self, web->routes[--web->route_count]);
        if (status) {
            web->host->log->write(web->self, MUSTER_LOG_WARN, "route not removed: %d", (int)status);
        }
    }
}

static muster_status add_routes(struct web *web) {
    const struct {
        const char *path;
        uint32_t flags;
    } routes[ROUTES_MAX] = {
        {"/", 0},
        {"/favicon.svg", 0},
        {"/assets", MUSTER_ROUTE_PREFIX},
        {"/sdk/js", MUSTER_ROUTE_PREFIX},
        {web->prefix, MUSTER_ROUTE_PREFIX},
    };
    for (size_t i = 0; i < ROUTES_MAX; i++) {
        const struct muster_route route = {.size = sizeof route,
                                           .flags = routes[i].flags,
                                           .method = "GET",
                                           .path = routes[i].path};
        muster_status status = web->host->http->route_add(web->self, &route, on_request, web,
                                                          &web->routes[web->route_count]);
        if (status) {
            web->host->log->write(web->self, MUSTER_LOG_ERROR, "route %s: %d", routes[i].path,
                                  (int)status);
            web_stop(web);
            return status;
        }
        web->route_count++;
    }
    return MUSTER_OK;
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

static void web_fini(void *instance) {
    struct web *web = instance;
    if (!web) return;
    for (uint32_t i = 0; web->files && i < web->file_count; i++) {
        free(web->files[i].plain.data);
        free(web->files[i].gzip.data);
    }
    free(web->files);
    free(web);
}

static muster_status web_init(muster_self *self, const struct muster_host *host, void **instance) {
    if (sodium_init() < 0) return MUSTER_INTERNAL;
    struct web *web = calloc(1, sizeof *web);
    if (!web) return MUSTER_NO_MEMORY;
    web->self = self;
    web->host = host;
    web->files = calloc(FILES_MAX, sizeof *web->files);
    if (!web->files) {
        web_fini(web);
        return MUSTER_NO_MEMORY;
    }
    *instance = web;
    return MUSTER_OK;
}

/* Start serves what was read here. */
static muster_status web_check(void *instance, struct muster_writer *mistakes) {
    struct web *web = instance;
    muster_status status = load_tree(web);
    const char *why = web->wrong[0] ? web->wrong : "the paths are too long, or memory is short";
    if (!status) return MUSTER_OK;
    muster_put_bytes(mistakes, "assetsDir: ", 11);
    muster_put_bytes(mistakes, why, (uint32_t)strlen(why));
    return status;
}

static muster_status web_start(void *instance) {
    struct web *web = instance;
    web->host->log->write(web->self, MUSTER_LOG_INFO, "serving %u files, %zu KiB, below %s",
                          web->file_count, web->bytes / 1024, web->prefix);
    return add_routes(web);
}

static const struct muster_service service = {.size = sizeof service};

static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_STRING(
        "assetsDir", "", 1024,
        MUSTER_HELP(
            "Folder to serve instead of the installed browser client; it has an index.html.")));

MUSTER_PLUGIN(.name = "service_web", .version = "0.1.0",
              .description = "Serves the browser client and the JavaScript SDK.", .roles = roles,
              .role_count = 1, .config_schema = config_schema, .init = web_init, .check = web_check,
              .start = web_start, .stop = web_stop, .fini = web_fini);
