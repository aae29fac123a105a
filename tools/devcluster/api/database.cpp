#include "tools/devcluster/api/database.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <sqlite3.h>
#include <sys/stat.h>

namespace devcluster {

namespace {

constexpr const char* schema_text =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS objects (collection TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,"
    " revision INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (collection, namespace, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS last (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL);";

struct close_database {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct finalize_statement {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
};
using database_handle = std::unique_ptr<sqlite3, close_database>;
using statement_handle = std::unique_ptr<sqlite3_stmt, finalize_statement>;

/// Deeper than any object gets by a body (body.hpp) or a patch (json_patch.cpp).
boost::json::parse_options deep() {
    boost::json::parse_options options;
    options.max_depth = 1'000;
    return options;
}

class sqlite_database final : public database {
public:
    sqlite_database(database_handle handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}

    std::string prepare() {
        if (sqlite3_exec(handle_.get(), schema_text, nullptr, nullptr, nullptr) != SQLITE_OK)
            return problem();
        put_ = statement("INSERT OR REPLACE INTO objects VALUES (?1, ?2, ?3, ?4, ?5)");
        erase_ = statement("DELETE FROM objects WHERE collection = ?1 AND namespace = ?2 AND name = ?3");
        advance_ = statement("INSERT OR REPLACE INTO last VALUES (0, ?1)");
        return put_ && erase_ && advance_ ? std::string() : problem();
    }

    std::string restore(store& into) override {
        auto all = statement("SELECT collection, namespace, name, revision, value FROM objects");
        if (!all)
            return problem();
        int step = SQLITE_ROW;
        while ((step = sqlite3_step(all.get())) == SQLITE_ROW) {
            boost::system::error_code failure;
            auto value = boost::json::parse(text(all, 4), failure, {}, deep());
            if (failure || !value.is_object())
                return fmt::format("{}: the object {}/{} of {} is damaged", path_, text(all, 1), text(all, 2), text(all, 0));
            const auto revision = static_cast<std::uint64_t>(sqlite3_column_int64(all.get(), 3));
            into.restore(into.in(text(all, 0)), object_key(text(all, 1), text(all, 2)),
                         make_object(std::move(value.get_object()), revision));
        }
        if (step != SQLITE_DONE)
            return problem();
        auto last = statement("SELECT revision FROM last");
        if (last && sqlite3_step(last.get()) == SQLITE_ROW)
            into.restore_revision(static_cast<std::uint64_t>(sqlite3_column_int64(last.get(), 0)));
        return {};
    }

    void follow(store& from) override {
        from.listeners.push_back([this](collection& in, const object_key& key, const change& what) { keep(in, key, what); });
    }

private:
    std::string problem() const { return fmt::format("{}: {}", path_, sqlite3_errmsg(handle_.get())); }

    statement_handle statement(const char* sql) {
        sqlite3_stmt* made = nullptr;
        sqlite3_prepare_v2(handle_.get(), sql, -1, &made, nullptr);
        return statement_handle(made);
    }

    static std::string_view text(const statement_handle& row, int column) {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row.get(), column));
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(row.get(), column))};
    }

    static void bind(const statement_handle& to, int place, std::string_view value) {
        sqlite3_bind_text(to.get(), place, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    }

    bool run(const statement_handle& what) {
        bool is_done = sqlite3_step(what.get()) == SQLITE_DONE;
        sqlite3_reset(what.get());
        return is_done;
    }

    void keep(const collection& in, const object_key& key, const change& what) {
        const auto& changing = what.kind == change_kind::deleted ? erase_ : put_;
        bind(changing, 1, in.name());
        bind(changing, 2, key.first);
        bind(changing, 3, key.second);
        if (what.kind != change_kind::deleted) {
            sqlite3_bind_int64(put_.get(), 4, static_cast<sqlite3_int64>(what.revision));
            bind(put_, 5, what.object->text);
        }
        sqlite3_bind_int64(advance_.get(), 1, static_cast<sqlite3_int64>(what.revision));
        bool is_kept = sqlite3_exec(handle_.get(), "BEGIN", nullptr, nullptr, nullptr) == SQLITE_OK && run(changing) &&
                       run(advance_) && sqlite3_exec(handle_.get(), "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK;
        if (is_kept)
            return;
        auto why = problem();
        sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
        if (on_error)
            on_error(why);
    }

    database_handle handle_;
    std::string path_;
    statement_handle put_, erase_, advance_;
};

} // namespace

boost::system::result<std::unique_ptr<database>, std::string> database::open(const std::string& path) {
    auto mask = ::umask(0077); // secrets are in it
    sqlite3* raw = nullptr;
    int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    database_handle handle(raw);
    std::string wrong;
    std::unique_ptr<sqlite_database> made;
    if (opened != SQLITE_OK) {
        wrong = fmt::format("{}: {}", path, raw != nullptr ? sqlite3_errmsg(raw) : "out of memory");
    } else {
        made = std::make_unique<sqlite_database>(std::move(handle), path);
        wrong = made->prepare();
    }
    ::umask(mask);
    if (!wrong.empty())
        return wrong;
    return std::unique_ptr<database>(std::move(made));
}

} // namespace devcluster
