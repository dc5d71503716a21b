// The commands. Each returns an exit code.
#pragma once

#include "options.h"

namespace cli {

int list(const Options& options);
int show(const Options& options);
int explain(const Options& options);
int scan(const Options& options);
int report(const Options& options);
int convert(const Options& options);
int fix(const Options& options);

}  // namespace cli
