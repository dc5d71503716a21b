// Early return on error, without statement expressions.
#pragma once

#include "safe_load/result.h"

#define SAFE_LOAD_CONCAT_INNER(a, b) a##b
#define SAFE_LOAD_CONCAT(a, b) SAFE_LOAD_CONCAT_INNER(a, b)

// Returns the error of `expr`, a Result or Status, if it has one.
#define SAFE_LOAD_TRY(expr) SAFE_LOAD_TRY_IMPL(SAFE_LOAD_CONCAT(status_, __COUNTER__), expr)
#define SAFE_LOAD_TRY_IMPL(temporary, expr) \
  if (const auto temporary = (expr)) {      \
  } else                                    \
    return temporary.error()

// The same, and initialises `decl` with the value.
#define SAFE_LOAD_TRY_ASSIGN(decl, expr) \
  SAFE_LOAD_TRY_ASSIGN_IMPL(SAFE_LOAD_CONCAT(result_, __COUNTER__), decl, expr)
#define SAFE_LOAD_TRY_ASSIGN_IMPL(temporary, decl, expr) \
  auto temporary = (expr);                               \
  if (!temporary) return temporary.error();              \
  decl = *std::move(temporary)
