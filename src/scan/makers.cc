#include "scan/makers.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace safe_load::scanner {
namespace {

struct Row {
  std::string_view module;
  std::string_view name;
  Makes makes;
};

// Sources: dill/_dill.py of 0.3 and 0.4; numba/core/serialize.py; CPython Lib/functools.py,
// Lib/copyreg.py.
constexpr auto kRows = std::to_array<Row>({
    {"builtins", "getattr", Makes::kAttribute},
    {"functools", "partial", Makes::kPartial},
    {"functools", "lru_cache", Makes::kDecorator},
    {"copyreg", "_reconstructor", Makes::kInstance},
    {"copyreg", "__newobj__", Makes::kInstance},
    {"copyreg", "__newobj_ex__", Makes::kInstance},
    {"numba.core.serialize", "custom_rebuild", Makes::kRebuilt},
    {"numba.core.serialize", "_rebuild_reduction", Makes::kRebuilt},
    {"dill._dill", "_get_attr", Makes::kAttribute},
    {"dill._dill", "_import_module", Makes::kModule},
    {"dill._dill", "_load_type", Makes::kType},
    {"dill._dill", "_create_namedtuple", Makes::kTuple},
    {"dill._dill", "_create_type", Makes::kClass},
    {"dill._dill", "_create_function", Makes::kFunction},
    {"dill._dill", "_create_code", Makes::kCode},
    {"dill._dill", "_create_cell", Makes::kCell},
    {"dill._dill", "_create_array", Makes::kArray},
    {"dill._dill", "_setitems", Makes::kItems},
    {"dill._dill", "_eval_repr", Makes::kConstant},
});

// Sources: cloudpickle/cloudpickle.py of 0.4 to 3.1. Ray, joblib and others carry copies of it.
constexpr auto kOfCloudpickle = std::to_array<Row>({
    {"", "subimport", Makes::kModule},
    {"", "_builtin_type", Makes::kType},
    {"", "_make_skeleton_class", Makes::kClass},
    {"", "_make_skeleton_enum", Makes::kClass},
    {"", "_rehydrate_skeleton_class", Makes::kClass},
    {"", "_make_function", Makes::kFunction},
    {"", "_make_skel_func", Makes::kFunction},
    {"", "_fill_function", Makes::kFunction},
    {"", "_make_cell", Makes::kCell},
    {"", "_make_empty_cell", Makes::kCell},
});

bool is_cloudpickle(std::string_view module) {
  constexpr std::string_view kFile = "cloudpickle.cloudpickle";
  constexpr std::string_view kFast = "cloudpickle.cloudpickle_fast";
  for (const std::string_view tail : {kFile, kFast})
    if (module == tail ||
        (module.ends_with(tail) && module[module.size() - tail.size() - 1] == '.'))
      return true;
  return false;
}

template <std::size_t n>
bool has(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Makes what_makes(std::string_view module, std::string_view name) {
  for (const Row& row : kRows)
    if (row.module == module && row.name == name) return row.makes;
  if (!is_cloudpickle(module)) return Makes::kUnknown;
  for (const Row& row : kOfCloudpickle)
    if (row.name == name) return row.makes;
  return Makes::kUnknown;
}

bool is_plain_type(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>({
      "bool",
      "bytearray",
      "bytes",
      "classmethod",
      "complex",
      "dict",
      "float",
      "frozenset",
      "int",
      "list",
      "object",
      "property",
      "range",
      "set",
      "slice",
      "staticmethod",
      "str",
      "tuple",
      "CellType",
      "GenericAlias",
      "MethodType",
      "MappingProxyType",
      "PartialType",
      "SimpleNamespace",
      "UnionType",
      "NoneType",
      "EllipsisType",
      "NotImplementedType",
      "DynamicClassAttribute",
  });
  return has(kNames, name);
}

bool is_function_type(std::string_view name) {
  return name == "FunctionType" || name == "LambdaType";
}

bool is_of_standard_library(std::string_view module) {
  // Source: sys.stdlib_module_names of CPython 3.8 to 3.14, without what begins with "_".
  constexpr std::string_view kModules =
      " abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop "
      "base64 bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb chunk "
      "cmath cmd code codecs codeop collections colorsys compileall compression concurrent "
      "configparser contextlib contextvars copy copyreg crypt csv ctypes curses "
      "dataclasses datetime dbm decimal difflib dis distutils doctest dummy_threading "
      "email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch "
      "formatter fractions ftplib functools gc genericpath getopt getpass gettext glob "
      "graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib "
      "inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma "
      "macpath mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt "
      "multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator "
      "optparse os ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil "
      "platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile "
      "pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource "
      "rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site "
      "smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants "
      "sre_parse ssl stat statistics string stringprep struct subprocess sunau symbol "
      "symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test "
      "textwrap this threading time timeit tkinter token tokenize tomllib trace traceback "
      "tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uu uuid "
      "venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc "
      "zipapp zipfile zipimport zlib zoneinfo ";
  const std::string_view top = module.substr(0, module.find('.'));
  if (top == "__main__" || top == "__mp_main__") return false;
  if (top.empty() || top.front() == '_') return true;
  std::string word(1, ' ');
  word.append(top).append(1, ' ');
  return kModules.find(word) != std::string_view::npos;
}

}  // namespace safe_load::scanner
