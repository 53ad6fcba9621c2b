// SPDX-License-Identifier: MIT
// Keys in a local folder: every kind of thing that can lie there under a key's name.
#include "check.h"

#include "store/asap.h"
#include "store/folder.h"
#include "store/keystore.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define KEYS "test/vectors/keys/"
#define NOBODY 65534

static char folder[CHECK_FOLDER_SIZE];
static char *pem;
static size_t pem_length;

// Where the key of `key_id` belongs; overwritten by the next call.
static const char *path_of(const char *key_id) {
    static char path[CHECK_FOLDER_SIZE + TV_ASAP_FILE_NAME_SIZE];
    char name[TV_ASAP_FILE_NAME_SIZE];
    if (tv_asap_file_name(tv_span_of(key_id), name) != TV_OK)
        check_abort("no file name");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        check_abort("%s cannot be written", path);
}

static enum tv_status look(const char *key_id, char stamp[TV_FOLDER_STAMP_SIZE],
                           struct tv_detail *detail) {
    *detail = (struct tv_detail){0};
    stamp[0] = '\0';
    struct tv_span copy = guard_copy(GUARD_TOKEN, key_id, strlen(key_id));
    return tv_folder_look(folder, copy, stamp, detail);
}

static enum tv_status load(const char *key_id, struct tv_key **key, struct tv_detail *detail) {
    *detail = (struct tv_detail){0};
    *key = NULL;
    struct tv_span copy = guard_copy(GUARD_TOKEN, key_id, strlen(key_id));
    return tv_folder_load(folder, copy, TV_RSA_MIN_BITS, key, detail);
}

static struct tv_keystore *open_store(void) {
    struct tv_keystore_options options;
    struct tv_keystore *store = NULL;
    struct tv_detail detail = {0};
    tv_keystore_defaults(&options);
    options.source = TV_SOURCE_FOLDER;
    options.urls[options.url_count++] = folder;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &store, NULL, &detail), folder);
    return store;
}

static int64_t now_ms;

static enum tv_status get(struct tv_keystore *store, const char *key_id, struct tv_detail *detail) {
    struct tv_key_request request = {.key_id = tv_span_of(key_id)};
    struct tv_key *key = NULL;
    *detail = (struct tv_detail){0};
    enum tv_status status = tv_keystore_get(store, &request, now_ms, &key, detail);
    CHECK((key != NULL) == (status == TV_OK), key_id);
    return status;
}

static void make_good(const char *path) { write_file(path, pem, pem_length); }

static void make_nothing(const char *path) { (void)path; }

static void make_empty(const char *path) { write_file(path, "", 0); }

static void make_page(const char *path) { write_file(path, "<html>", 6); }

static void make_weak(const char *path) {
    static const char jwk[] = "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}";
    write_file(path, jwk, sizeof jwk - 1);
}

static void make_unsupported(const char *path) {
    size_t length;
    char *other = check_read_file(KEYS "x25519.pem", &length);
    write_file(path, other, length);
    free(other);
}

static void make_directory(const char *path) {
    if (mkdir(path, 0700) != 0)
        check_abort("no directory");
}

static void make_fifo(const char *path) {
    if (mkfifo(path, 0600) != 0)
        check_abort("no pipe");
}

static void make_link(const char *path) {
    char target[300];
    snprintf(target, sizeof target, "%s.target", path);
    make_good(target);
    if (symlink(target, path) != 0)
        check_abort("no link");
}

static void make_broken_link(const char *path) {
    if (symlink("/nonexistent/key.pem", path) != 0)
        check_abort("no link");
}

static void make_link_to_itself(const char *path) {
    if (symlink(path, path) != 0)
        check_abort("no link");
}

static void make_large(const char *path) {
    char *bytes = check_malloc(TV_KEY_MAX_LENGTH + 2);
    memset(bytes, '\n', TV_KEY_MAX_LENGTH + 2);
    memcpy(bytes, pem, pem_length);
    write_file(path, bytes, TV_KEY_MAX_LENGTH + 2);
    free(bytes);
}

static void make_largest(const char *path) {
    make_large(path);
    if (truncate(path, (off_t)TV_KEY_MAX_LENGTH) != 0)
        check_abort("truncate");
}

static void make_forbidden(const char *path) {
    make_good(path);
    if (chmod(path, 0) != 0)
        check_abort("chmod");
}

static const struct {
    const char *name;
    void (*make)(const char *path);
    enum tv_status look, load;
    const char *look_words;
    enum tv_reason reason; // of load()
    const char *words;
} kinds[] = {
    {"a key", make_good, TV_OK, TV_OK, NULL, 0, NULL},
    {"a link to a key", make_link, TV_OK, TV_OK, NULL, 0, NULL},
    {"64 KiB", make_largest, TV_OK, TV_OK, NULL, 0, NULL},
    {"nothing", make_nothing, TV_KEY_NOT_FOUND, TV_KEY_NOT_FOUND, "does not exist", TV_REASON_FILE,
     "does not exist"},
    {"a link to nothing", make_broken_link, TV_KEY_NOT_FOUND, TV_KEY_NOT_FOUND, "does not exist",
     TV_REASON_FILE, "does not exist"},
    {"a link to itself", make_link_to_itself, TV_KEY_UNUSABLE, TV_KEY_UNUSABLE, "cannot be read",
     TV_REASON_FILE, "cannot be read"},
    {"a folder", make_directory, TV_KEY_UNUSABLE, TV_KEY_UNUSABLE, "is no plain file",
     TV_REASON_FILE, "cannot be read"},
    {"a pipe", make_fifo, TV_KEY_UNUSABLE, TV_KEY_UNUSABLE, "is no plain file", TV_REASON_NO_TEXT,
     "an empty text"}, // and reading it does not block
    {"an empty file", make_empty, TV_OK, TV_KEY_UNUSABLE, NULL, TV_REASON_NO_TEXT, "an empty text"},
    {"a page", make_page, TV_OK, TV_KEY_UNUSABLE, NULL, TV_REASON_PAGE, "an HTML or XML page"},
    {"a weak key", make_weak, TV_OK, TV_WEAK_KEY, NULL, TV_REASON_BITS, NULL},
    {"a key for encryption", make_unsupported, TV_OK, TV_KEY_UNUSABLE, NULL, TV_REASON_KEY_TYPE,
     "X25519"},
    {"more than 64 KiB", make_large, TV_OK, TV_KEY_UNUSABLE, NULL, TV_REASON_LENGTH, NULL},
};

static void test_kinds(void) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *name = kinds[i].name;
        char stamp[TV_FOLDER_STAMP_SIZE];
        struct tv_detail detail;
        struct tv_key *key;
        kinds[i].make(path_of(name));
        CHECK_STATUS(kinds[i].look, look(name, stamp, &detail), name);
        CHECK_NUMBER(kinds[i].look_words ? TV_REASON_FILE : TV_REASON_NONE, detail.reason, name);
        CHECK_TEXT(kinds[i].look_words, detail.text, name);
        CHECK((stamp[0] != '\0') == (kinds[i].look == TV_OK), name);
        alarm(10); // a pipe that is waited for must not hang the tests
        CHECK_STATUS(kinds[i].load, load(name, &key, &detail), name);
        alarm(0);
        CHECK((key != NULL) == (kinds[i].load == TV_OK), name);
        CHECK_NUMBER(kinds[i].reason, detail.reason, name);
        CHECK_TEXT(kinds[i].words, detail.text, name);
        tv_key_free(key);
    }
}

static void check_permission(void) {
    char stamp[TV_FOLDER_STAMP_SIZE];
    struct tv_detail detail;
    struct tv_key *key;
    struct tv_keystore *store = open_store();
    CHECK_STATUS(TV_OK, look("forbidden", stamp, &detail), "forbidden");
    CHECK_STATUS(TV_KEY_UNUSABLE, load("forbidden", &key, &detail), "forbidden");
    CHECK_TEXT("may not be read: permission denied", detail.text, "forbidden");
    chmod(folder, 0);
    CHECK_STATUS(TV_KEY_UNUSABLE, look("a key", stamp, &detail), "a closed folder");
    CHECK_TEXT("may not be read: permission denied", detail.text, "a closed folder");
    chmod(folder, 0700);
    CHECK_STATUS(TV_KEY_UNUSABLE, get(store, "forbidden", &detail), "forbidden");
    CHECK_TEXT("may not be read: permission denied", detail.text, "forbidden");
    chmod(path_of("forbidden"), 0600);
    CHECK_STATUS(TV_OK, get(store, "forbidden", &detail), "allowed a moment later");
    tv_keystore_free(store);
}

// Root may read everything, so somebody else looks.
static void test_permission(void) {
    make_forbidden(path_of("forbidden"));
    if (geteuid() != 0) {
        check_permission();
        return;
    }
    if (chown(folder, NOBODY, NOBODY) != 0 || chown(path_of("forbidden"), NOBODY, NOBODY) != 0)
        check_abort("chown");
    if (setegid(NOBODY) != 0 || seteuid(NOBODY) != 0)
        check_abort("not nobody");
    check_permission();
    if (seteuid(0) != 0 || setegid(0) != 0)
        check_abort("not root again");
}

// What could not be read for want of a descriptor is read once there is one.
static void test_no_descriptors(void) {
    struct rlimit usual, none;
    struct tv_detail detail;
    struct tv_keystore *store = open_store();
    make_good(path_of("later"));
    int lowest_free = dup(STDOUT_FILENO);
    close(lowest_free);
    getrlimit(RLIMIT_NOFILE, &usual);
    none = usual;
    none.rlim_cur = (rlim_t)lowest_free;
    setrlimit(RLIMIT_NOFILE, &none);
    enum tv_status status = get(store, "later", &detail);
    setrlimit(RLIMIT_NOFILE, &usual);
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, status, "no descriptor");
    CHECK_TEXT("this process has no descriptor left", detail.text, "no descriptor");
    CHECK_STATUS(TV_OK, get(store, "later", &detail), "a descriptor again");
    tv_keystore_free(store);
}

// A file that is no key is read once in half a minute, and said to be none each time; what is held
// has no end.
static void test_store(void) {
    struct tv_keystore *store = open_store();
    struct tv_detail detail;
    make_page(path_of("fixed"));
    for (int i = 0; i < 3; i++) {
        now_ms = i < 2 ? i * 29999 : 30000;
        CHECK_STATUS(TV_KEY_UNUSABLE, get(store, "fixed", &detail), "a page");
        CHECK_NUMBER(TV_REASON_PAGE, detail.reason, "a page");
        CHECK_SPAN("fixed", detail.key_id, "a page");
        CHECK_NUMBER(i < 2 ? 1 : 2, tv_keystore_stats(store, 0).fetches, "read once");
    }
    usleep(20000); // files change at ticks of the kernel's clock
    make_good(path_of("fixed"));
    CHECK_STATUS(TV_OK, get(store, "fixed", &detail), "fixed");
    CHECK_NUMBER(3, tv_keystore_stats(store, 0).fetches, "read anew");
    now_ms = INT64_MAX - 1;
    CHECK_STATUS(TV_OK, get(store, "fixed", &detail), "held");
    CHECK_NUMBER(3, tv_keystore_stats(store, 0).fetches, "held");
    struct tv_key_walk walk = {0};
    CHECK(tv_keystore_walk(store, &walk) && walk.key && !walk.life, "it has no freshness");
    tv_keystore_free(store);
}

// The folder itself.
static void test_folders(void) {
    static const char *const absent[] = {"/nonexistent", "/dev/null", ""};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        char stamp[TV_FOLDER_STAMP_SIZE];
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(TV_KEY_NOT_FOUND, tv_folder_look(absent[i], TV_SPAN("a key"), stamp, &detail),
                     absent[i]);
        CHECK_TEXT("does not exist", detail.text, absent[i]);
        CHECK_STATUS(TV_KEY_NOT_FOUND,
                     tv_folder_load(absent[i], TV_SPAN("a key"), TV_RSA_MIN_BITS, &key, &detail),
                     absent[i]);
        CHECK(!key, absent[i]);
    }
    char stamp[TV_FOLDER_STAMP_SIZE];
    struct tv_detail detail;
    CHECK_STATUS(TV_KEY_NOT_FOUND, look("../a key", stamp, &detail), "no way out of it");
    CHECK_STATUS(TV_KEY_NOT_FOUND, look("", stamp, &detail), "an empty kid");
}

static void set_time(const char *path, time_t seconds) {
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    if (utimensat(AT_FDCWD, path, times, 0) != 0)
        check_abort("utimensat");
}

static char stamp_before[TV_FOLDER_STAMP_SIZE];

// The file is now as it is to be compared with.
static void take_stamp(const char *path, const char *what) {
    struct tv_detail detail;
    set_time(path, 1000);
    look("stamped", stamp_before, &detail);
    CHECK(stamp_before[0] != '\0', what);
    usleep(20000); // files change at ticks of the kernel's clock
}

static bool is_same_stamp(void) {
    char after[TV_FOLDER_STAMP_SIZE];
    struct tv_detail detail;
    look("stamped", after, &detail);
    return strcmp(stamp_before, after) == 0;
}

// Each change that a file can have makes another stamp; none at all makes the same.
static void test_stamps(void) {
    char other[300];
    const char *path = path_of("stamped");
    make_good(path);
    take_stamp(path, "nothing");
    CHECK(is_same_stamp(), "nothing has changed");

    set_time(path, 1001);
    CHECK(!is_same_stamp(), "another time");

    take_stamp(path, "size");
    write_file(path, pem, pem_length - 1);
    CHECK(!is_same_stamp(), "another size");

    // What a copy that keeps times leaves behind.
    take_stamp(path, "content");
    write_file(path, pem + 1, pem_length - 1);
    set_time(path, 1000);
    CHECK(!is_same_stamp(), "another content, with the same size and time");

    take_stamp(path, "mode");
    chmod(path, 0444);
    CHECK(!is_same_stamp(), "another mode");

    // Replaced by rename, with the same size and time.
    snprintf(other, sizeof other, "%s.new", path);
    make_good(other);
    make_good(path);
    take_stamp(path, "file");
    set_time(other, 1000);
    if (rename(other, path) != 0)
        check_abort("rename");
    CHECK(!is_same_stamp(), "another file");
}

int main(void) {
    check_make_folder(folder);
    pem = check_read_file(KEYS "rsa.pem", &pem_length);
    test_kinds();
    test_permission();
    test_no_descriptors();
    test_store();
    test_folders();
    test_stamps();
    free(pem);
    char command[CHECK_FOLDER_SIZE + 8];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_NUMBER(0, system(command), "cleared up");
    return check_report("test_folder");
}
