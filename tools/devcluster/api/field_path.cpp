#include "tools/devcluster/api/field_path.hpp"

#include "tools/devcluster/api/field_error.hpp"

namespace devcluster {

std::string field_path::text() const {
    std::string made;
    append_to(made);
    return made;
}

void field_path::append_to(std::string& made) const {
    if (parent_ != nullptr)
        parent_->append_to(made);
    switch (how_) {
    case step::root:
        break;
    case step::child:
        made = child_path(made, name_);
        break;
    case step::dotted:
        made.append(".").append(name_);
        break;
    case step::index:
        made = index_path(made, at_);
        break;
    case step::key:
        made = key_path(made, name_);
        break;
    }
}

} // namespace devcluster
