// service_cpp - a service in C++: containers, exceptions and RAII behind functions that C can call.
// A console command adds up the numbers behind it.
#include <muster/json.h>
#include <muster/plugin.h>

#include <memory>
#include <new>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace {

#ifdef WITH_STATIC
std::vector<int> early(3); // its constructor would run when the file is opened
#endif

struct Adder {
    muster_self *self;
    const muster_host *host;
    std::vector<std::string> lines{};

    int64_t add(const char *text) {
        std::vector<int64_t> numbers;
        std::istringstream in(lines.emplace_back(text));
        for (std::string word; in >> word;) numbers.push_back(std::stoll(word)); // throws
        return std::accumulate(numbers.begin(), numbers.end(), int64_t{0});
    }
};

// No exception may leave a function that the host calls.
void on_add(void *user, const char *arguments, muster_writer *answer) {
    std::string text;
    try {
        text = "sum " + std::to_string(static_cast<Adder *>(user)->add(arguments));
    } catch (const std::exception &) {
        text = "FAILED: expected numbers";
    }
    muster_put_bytes(answer, text.data(), static_cast<uint32_t>(text.size()));
}

muster_status init(muster_self *self, const muster_host *host, void **instance) {
    std::unique_ptr<Adder> adder(new (std::nothrow) Adder{self, host});
    if (!adder) return MUSTER_NO_MEMORY;
    muster_status status =
        host->admin->command_add(self, "add_" NAME, "adds up", on_add, adder.get());
    if (status == MUSTER_OK) *instance = adder.release();
    return status;
}

void fini(void *instance) { delete static_cast<Adder *>(instance); }

// Constants: the host reads them before any code runs.
constexpr muster_service service{sizeof(muster_service), 0};
constexpr muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

} // namespace

MUSTER_PLUGIN(.name = NAME, .version = "1.0.0", .description = "Adds up.", .roles = roles,
              .role_count = 1, .init = init, .fini = fini);
