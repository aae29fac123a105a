#pragma once

#include "tools/devcluster/api/table.hpp"

// The columns that most kinds begin and end with. columns_of_kind is declared in table.hpp.

namespace devcluster {

table_column name_column();
table_column age_column();

} // namespace devcluster
