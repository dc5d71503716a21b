#include "scan/text_names.h"

#include <algorithm>

namespace safe_load::scanner {
namespace {

// Modules that every Python has: the names of sys.stdlib_module_names, 3.11, without those that
// begin with an underscore.
constexpr std::string_view kStandardModules =
    "abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb "
    "binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop "
    "collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg "
    "crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest "
    "email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions "
    "ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq "
    "hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json "
    "keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap "
    "modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers "
    "opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil "
    "platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr "
    "pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy "
    "sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket "
    "socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string "
    "stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib "
    "tempfile termios textwrap this threading time timeit tkinter token tokenize tomllib trace "
    "traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uu "
    "uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp "
    "zipfile zipimport zlib zoneinfo";

bool is_standard(std::string_view module) {
  for (std::size_t at = 0; at < kStandardModules.size();) {
    const std::size_t end = std::min(kStandardModules.find(' ', at), kStandardModules.size());
    if (kStandardModules.substr(at, end - at) == module) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

bool names_no_module(std::string_view module) {
  constexpr std::string_view kNeverInNames = " \t\r\"'`()[]{}<>:;,/\\=#@!$%&*+|?^~";
  return module.empty() || module.front() == '.' || module.back() == '.' ||
         module.find_first_of(kNeverInNames) != std::string_view::npos;
}

bool is_only_words(const pickle::Tape& tape) {
  if (tape.symbols().size() == 0) return true;
  if (tape.symbols().size() != 1) return false;
  const pickle::Symbol& symbol = tape.symbols()[0];
  if (symbol.first_offset != 0) return false;
  if (names_no_module(symbol.raw_module)) return true;
  const bool is_word = symbol.module.find('.') == std::string_view::npos;
  return is_word && !is_standard(symbol.module) && !symbol.module.starts_with('_');
}

}  // namespace safe_load::scanner
