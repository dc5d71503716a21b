// Opens any PyTorch checkpoint and runs none of it.
#pragma once

#include "safe_load/atomic_file.h"
#include "safe_load/checkpoint.h"
#include "safe_load/distributed_tensor.h"
#include "safe_load/dtype.h"
#include "safe_load/explain.h"
#include "safe_load/issue.h"
#include "safe_load/limits.h"
#include "safe_load/record_class.h"
#include "safe_load/report.h"
#include "safe_load/result.h"
#include "safe_load/scan.h"
#include "safe_load/scan_report.h"
#include "safe_load/tensor.h"
#include "safe_load/value.h"
#include "safe_load/version.h"
#include "safe_load/weights.h"
