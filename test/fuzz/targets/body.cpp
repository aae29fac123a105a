#include "tools/devcluster/api/body.hpp"
#include "fuzz/fuzz_input.hpp"

#include <boost/json/array.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::input(data, size).rest();
    auto as_json = devcluster::parse_json(text);
    devcluster::duplicate_fields(text);
    devcluster::duplicate_yaml_keys(text);
    if (!as_json)
        fuzz::require(as_json.error().code == 400, "what is no JSON is a bad request");
    auto documents = devcluster::parse_yaml_documents(text);
    if (!documents) {
        fuzz::require(documents.error().code == 400, "what is no YAML is a bad request");
        fuzz::require_json(boost::json::serialize(devcluster::to_json(documents.error())), "the answer");
    } else {
        for (const auto& document : *documents)
            fuzz::require_json(boost::json::serialize(document), "a document can be written as JSON");
    }
    return 0;
}
