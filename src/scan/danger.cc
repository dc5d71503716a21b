#include "scan/danger.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace safe_load::scanner {
namespace {

using R = Rule;

// `names`: separated by blanks; empty: all names of the module, and with ".*" those of the modules
// in it, too.
struct Row {
  Rule family;
  std::string_view module;
  std::string_view names = {};
};

// Sources: the advisories in scan/rule.h, and what the modules' own documentation says they do.
// clang-format off
constexpr auto kRows = std::to_array<Row>({
    // ---- shell and processes
    {R::kG01, "os.*"}, {R::kG01, "posix"}, {R::kG01, "nt"}, {R::kG01, "posixpath", "os"},
    {R::kG01, "subprocess.*"}, {R::kG01, "_posixsubprocess"}, {R::kG01, "_winapi"}, {R::kG01, "_subprocess"},
    {R::kG01, "popen2"}, {R::kG01, "commands"}, {R::kG01, "pty"}, {R::kG01, "sh"}, {R::kG01, "plumbum.*"},
    {R::kG01, "pexpect.*"}, {R::kG01, "asyncio.*"}, 
    {R::kG01, "imaplib", "IMAP4_stream"}, {R::kG01, "uuid", "_get_command_stdout _popen _ifconfig_getter"},
    {R::kG01, "pydoc", "pipepager tempfilepager pager"}, {R::kG01, "platform", "popen _syscmd_ver _syscmd_file"},
    {R::kG01, "antigravity"}, 
    {R::kG01, "ctypes.util", "_findLib_gcc _findLib_ld _get_soname find_library"},
    {R::kG01, "multiprocessing.util", "spawnv_passfds"}, {R::kG01, "numpy.distutils.exec_command"},
    {R::kG01, "distutils.spawn"}, {R::kG01, "test.support.script_helper.*"}, {R::kG01, "mailcap"}, {R::kG01, "_aix_support"}, {R::kG01, "_bootsubprocess"}, {R::kG01, "_pyrepl.*"},
    {R::kG01, "_ios_support"}, {R::kG01, "_android_support"}, {R::kG01, "cgi"}, {R::kG01, "turtledemo.*"},
    {R::kG01, "idlelib.pyshell"}, {R::kG01, "_osx_support"}, 
    {R::kG01, "IPython.*"}, {R::kG01, "psutil.*"}, {R::kG01, "win32api"}, {R::kG01, "win32com.*"},
    {R::kG01, "winreg"}, {R::kG01, "_winreg"}, 

    // ---- evaluation
    {R::kG02, "builtins", "eval exec compile execfile input apply"}, {R::kG02, "__builtin__", "eval exec compile execfile input apply"},
    {R::kG02, "code"}, {R::kG02, "codeop"}, {R::kG02, "timeit"}, {R::kG02, "profile"}, {R::kG02, "cProfile"},
    {R::kG02, "_lsprof"}, {R::kG02, "trace"}, {R::kG02, "bdb"}, {R::kG02, "pdb"}, {R::kG02, "doctest"}, {R::kG02, "runpy"},
    {R::kG02, "idlelib.*"}, {R::kG02, "lib2to3.*"}, {R::kG02, "compileall"}, {R::kG02, "py_compile"}, {R::kG02, "unittest.*"},
    {R::kG02, "torch.fx.graph_module", "_exec_with_source _forward_from_src"},
    
    {R::kG02, "numpy.f2py.*"}, {R::kG02, "numpy.testing.*"}, {R::kG02, "numpy.ma.testutils"}, {R::kG02, "numpy.core._internal", "runstring"},
    {R::kG02, "sympy", "sympify lambdify"}, {R::kG02, "sympy.parsing.sympy_parser"}, {R::kG02, "sympy.utilities.lambdify"}, {R::kG02, "jinja2", "Template Environment"}, {R::kG02, "jinja2.environment", "Template Environment"}, {R::kG02, "mako.template"}, {R::kG02, "numexpr.*"}, {R::kG02, "pandas.core.computation.*"}, {R::kG02, "pandas", "eval"},
    {R::kG02, "execnet.*"}, {R::kG02, "cffi.verifier"}, {R::kG02, "tkinter.*"}, {R::kG02, "_tkinter"},
    {R::kG02, "dataclasses", "_create_fn make_dataclass"},
    {R::kG02, "ast", "literal_eval parse"}, {R::kG02, "symtable"}, {R::kG02, "rlcompleter"},
    {R::kG02, "xmlrpc.*"}, {R::kG02, "lldb.*"}, {R::kG02, "gdb.*"}, {R::kG02, "cgitb"}, {R::kG02, "logging.config.*"},

    // ---- name resolution
    {R::kG03, "builtins", "__import__"}, {R::kG03, "__builtin__", "__import__"}, {R::kG03, "importlib.*"}, {R::kG03, "_frozen_importlib"},
    {R::kG03, "_frozen_importlib_external"}, {R::kG03, "imp"}, {R::kG03, "_imp"}, {R::kG03, "zipimport"},
    {R::kG03, "pkgutil"}, {R::kG03, "pydoc", "locate safeimport importfile resolve describe render_doc doc help"},
    
    {R::kG03, "inspect", "getattr_static getmembers getmodule currentframe stack getsource"}, {R::kG03, "modulefinder"}, {R::kG03, "pkg_resources.*"}, 
    {R::kG03, "test.support", "import_module import_fresh_module"}, {R::kG03, "hydra.utils", "instantiate call get_class get_method get_object"},
    {R::kG03, "hydra._internal.*"}, {R::kG03, "django.utils.module_loading"}, {R::kG03, "werkzeug.utils", "import_string"},
    {R::kG03, "monai.utils.module"}, {R::kG03, "mmengine.registry"},
    {R::kG03, "joblib._parallel_backends"}, {R::kG03, "gym.envs.registration", "load"},

    // ---- torch's own
    {R::kG04, "torch._inductor.*"}, {R::kG04, "torch._dynamo.guards"}, {R::kG04, "torch._dynamo.bytecode_transformation"}, {R::kG04, "torch._dynamo.debug_utils"}, {R::kG04, "torch._dynamo.repro.after_dynamo", "run_repro run_load_args minifier_dir dump_to_minify_after_dynamo save_graph_repro repro_main"}, {R::kG04, "torch.jit", "load script compile unsupported_tensor_ops"}, {R::kG04, "torch.jit.unsupported_tensor_ops"}, {R::kG04, "torch.jit.annotations"}, {R::kG04, "torch.jit._script", "script load"}, {R::kG04, "torch.jit._serialization"}, {R::kG04, "torch.jit.frontend"},
    {R::kG04, "torch.utils.data.datapipes.utils.decoder"}, {R::kG04, "torch.package", "PackageImporter"}, {R::kG04, "torch.package.package_importer"}, {R::kG04, "torch.testing._internal.common_utils", "run_tests shell"}, {R::kG04, "torch.utils.collect_env"}, {R::kG04, "torch.utils.bottleneck.*"},
    {R::kG04, "torch.fx.experimental.symbolic_shapes", "evaluate_guards_expression"}, {R::kG04, "torch.utils._config_module"},
    {R::kG04, "torch.distributed.rpc.*"}, {R::kG04, "torch.utils.cpp_extension"},
    {R::kG04, "torch.ops"}, {R::kG04, "torch._ops"}, {R::kG04, "torch.classes"}, 
    {R::kG04, "torch.distributed.run.*"}, {R::kG04, "torch.distributed.launcher.*"},
    {R::kG04, "torch.distributed.elastic.*"}, {R::kG04, "torch._C", "_jit_load import_ir_module _load_for_lite_interpreter"},
    {R::kG04, "torch.utils.model_zoo"}, {R::kG04, "torch._appdirs"}, {R::kG04, "torch.utils.show_pickle"},
    {R::kG04, "torch._export.*"}, {R::kG04, "torch.export", "load"}, {R::kG04, "torch._weights_only_unpickler"},
    {R::kG04, "torch.cuda", "_lazy_call"}, {R::kG04, "torch.utils._cpp_extension_versioner"}, {R::kG04, "torch.utils.hipify.*"},
    {R::kG04, "torch.utils.tensorboard.*"}, {R::kG04, "torch.cuda._memory_viz"}, 

    // ---- loaders
    {R::kG05, "torch", "load"}, {R::kG05, "torch.serialization", "load save _load _legacy_load _save os add_safe_globals"}, {R::kG05, "torch.hub"}, {R::kG05, "pickle"}, {R::kG05, "_pickle"},
    {R::kG05, "cPickle"}, {R::kG05, "pickletools"}, {R::kG05, "dill", "load loads load_session load_module Unpickler"},
    {R::kG05, "joblib", "load"}, {R::kG05, "joblib.numpy_pickle", "load load_temporary_memmap NumpyUnpickler"},
    {R::kG05, "numpy", "load fromfile loadtxt genfromtxt fromregex"}, {R::kG05, "numpy.lib.npyio"}, {R::kG05, "numpy.lib._npyio_impl"}, {R::kG05, "numpy.lib.format"},
    {R::kG05, "pandas", "read_pickle"}, {R::kG05, "pandas.io.pickle"}, {R::kG05, "marshal"}, {R::kG05, "shelve"},
    {R::kG05, "jsonpickle.*"}, {R::kG05, "yaml", "load load_all unsafe_load unsafe_load_all full_load full_load_all"}, {R::kG05, "dbm.*"}, {R::kG05, "copyreg", "__reduce_ex__ pickle add_extension"},
    {R::kG05, "sklearn.externals.joblib", "load"}, {R::kG05, "keras.models", "load_model"},
    {R::kG05, "tensorflow.keras.models", "load_model"}, {R::kG05, "cloudpickle", "load loads"}, {R::kG05, "cloudpickle.cloudpickle", "load loads"}, {R::kG05, "cloudpickle.cloudpickle_fast", "load loads"}, {R::kG05, "compress_pickle"}, {R::kG05, "hickle"}, {R::kG05, "klepto"}, 

    // ---- installers
    {R::kG06, "pip.*"}, {R::kG06, "ensurepip.*"}, {R::kG06, "venv.*"}, {R::kG06, "virtualenv.*"}, {R::kG06, "site"}, {R::kG06, "sitecustomize"},
    {R::kG06, "distutils.*"}, {R::kG06, "setuptools.*"}, {R::kG06, "easy_install"}, 

    // ---- files
    {R::kG07, "builtins", "open"}, {R::kG07, "__builtin__", "open file"}, {R::kG07, "io", "open open_code FileIO"}, {R::kG07, "_io", "open open_code FileIO"},
    {R::kG07, "_pyio"}, {R::kG07, "codecs", "open"}, {R::kG07, "logging", "FileHandler basicConfig"}, {R::kG07, "logging.handlers"},
    {R::kG07, "linecache"}, {R::kG07, "shutil"}, {R::kG07, "tempfile"}, {R::kG07, "fileinput"}, {R::kG07, "glob"}, {R::kG07, "filecmp"},
    {R::kG07, "pathlib", "Path.write_text Path.write_bytes Path.unlink Path.open Path.rmdir Path.rename Path.replace Path.touch Path.mkdir Path.read_text Path.read_bytes"},
    {R::kG07, "zipfile"}, {R::kG07, "tarfile"}, {R::kG07, "gzip"}, {R::kG07, "bz2"}, {R::kG07, "lzma"}, {R::kG07, "mmap"}, {R::kG07, "sqlite3.*"},
    {R::kG07, "torch", "save from_file"}, {R::kG07, "numpy", "save savez savetxt"}, {R::kG07, "numpy.core.multiarray", "fromfile"},
    {R::kG07, "dircache"}, {R::kG07, "aiofiles"}, {R::kG07, "netrc"}, {R::kG07, "mailbox"}, {R::kG07, "zipapp"}, {R::kG07, "pyclbr"}, {R::kG07, "tabnanny"}, {R::kG07, "keyring.*"},

    // ---- network
    {R::kG08, "socket"}, {R::kG08, "_socket"}, {R::kG08, "ssl"}, {R::kG08, "_ssl"}, {R::kG08, "urllib"}, {R::kG08, "urllib.request"}, {R::kG08, "urllib2"}, {R::kG08, "http.client"}, {R::kG08, "http.server"}, {R::kG08, "webbrowser"}, {R::kG08, "urllib3.*"},
    {R::kG08, "httplib"}, {R::kG08, "httplib2"}, {R::kG08, "httpx.*"}, {R::kG08, "requests.*"}, {R::kG08, "aiohttp.*"},
    {R::kG08, "smtplib"}, {R::kG08, "poplib"}, {R::kG08, "imaplib"}, {R::kG08, "nntplib"}, {R::kG08, "ftplib"}, {R::kG08, "telnetlib"}, {R::kG08, "smtpd"},
    {R::kG08, "socketserver"}, {R::kG08, "SocketServer"}, {R::kG08, "BaseHTTPServer"}, {R::kG08, "xmlrpclib"}, {R::kG08, "paramiko.*"}, {R::kG08, "boto3.*"},
    {R::kG08, "selectors"}, {R::kG08, "asyncore"}, {R::kG08, "websocket"}, {R::kG08, "websockets.*"}, {R::kG08, "twisted.*"}, {R::kG08, "tornado.*"}, {R::kG08, "pycurl"},
    {R::kG08, "wsgiref.*"}, {R::kG08, "scapy.*"}, {R::kG08, "wget"}, {R::kG08, "gdown"},

    // ---- code objects
    {R::kG09, "types", "CodeType FunctionType LambdaType"}, {R::kG09, "new", "function code classobj instance instancemethod module"},
    {R::kG09, "dill._dill.*"},
    {R::kG09, "numba.core.serialize"},
    {R::kG09, "pyarmor_runtime*"}, {R::kG09, "pytransform"}, {R::kG09, "pyconcrete"}, {R::kG09, "sourcedefender"}, 

    // ---- native code
    {R::kG10, "ctypes.*"}, {R::kG10, "_ctypes"}, {R::kG10, "cffi.*"}, {R::kG10, "_cffi_backend"}, {R::kG10, "numpy.ctypeslib"}, {R::kG10, "numpy", "ctypeslib"},
    {R::kG10, "_testcapi"}, {R::kG10, "_testinternalcapi"}, {R::kG10, "cppyy.*"}, {R::kG10, "llvmlite.*"},

    // ---- callers of callables
    {R::kG11, "builtins", "map filter"},
    {R::kG11, "itertools", "starmap takewhile dropwhile filterfalse accumulate groupby"}, {R::kG11, "weakref", "finalize ref proxy"}, {R::kG11, "contextlib", "ExitStack contextmanager"},
    {R::kG11, "_weakref"}, {R::kG11, "atexit"}, {R::kG11, "threading"}, {R::kG11, "_thread"}, {R::kG11, "thread"}, {R::kG11, "_threading_local"},
    {R::kG11, "multiprocessing.*"}, {R::kG11, "concurrent.*"}, {R::kG11, "_operator", "call"}, {R::kG11, "operator", "call"},
    {R::kG11, "numpy", "apply_along_axis apply_over_axes frompyfunc piecewise fromfunction"}, {R::kG11, "ast", "NodeVisitor"},
    {R::kG11, "pandas.core.common", "pipe apply_if_callable"}, {R::kG11, "timeit"}, 

    // ---- interpreter state
    {R::kG12, "builtins", "globals locals vars setattr delattr dir hasattr breakpoint exit quit help __build_class__"},
    {R::kG12, "__builtin__", "globals locals vars setattr delattr dir hasattr getattr reload"},
    {R::kG12, "sys"}, {R::kG12, "gc"}, {R::kG12, "_sitebuiltins"}, {R::kG12, "faulthandler"}, {R::kG12, "tracemalloc"}, {R::kG12, "resource"}, {R::kG12, "_xxsubinterpreters"},
    {R::kG12, "_interpreters"}, {R::kG12, "builtins", "__dict__ __builtins__ __loader__ __spec__"}, {R::kG12, "numpy", "__builtins__ __dict__ __loader__"},
    {R::kG12, "torch", "__builtins__ __dict__ __loader__"}, {R::kG12, "collections", "__builtins__ __dict__ __loader__ _sys"}, {R::kG12, "sysconfig"}, {R::kG12, "distutils.sysconfig"},

    // ---- scanners
    {R::kA08, "safe_load.*"}, {R::kA08, "picklescan.*"}, {R::kA08, "modelscan.*"}, {R::kA08, "fickling.*"}, {R::kA08, "modelaudit.*"}, {R::kA08, "pickleball"},
});
// clang-format on

// Modules that other modules import, and so can be reached through them.
constexpr std::string_view kReachable[] = {
    "os",     "posix",  "nt",     "sys",    "subprocess", "builtins", "__builtins__", "importlib",
    "shutil", "socket", "ctypes", "pickle", "marshal",    "runpy",    "pty",          "threading"};

constexpr std::string_view kReachableNames =
    "eval exec execfile open __import__ system popen evaluate_guards_expression";

// Values of ours, which programs save beside theirs. Only what we do is dangerous, not what we
// give.
struct OwnValues {
  std::string_view module;
  std::string_view names;  // empty: all
};
constexpr OwnValues kOwnValues[] = {
    {"safe_load._inert", ""},
    {"safe_load._scan", "Verdict Severity Finding Coverage ScanReport"},
    {"safe_load._distributed", "Placement DeviceMesh DistributedTensor"},
    {"safe_load._errors", "Error UnknownGlobal"},
    {"safe_load._inspect", "Inspection"},
    {"safe_load._core", "Limits"},
};

// Records of numbers and texts in modules that start programs: data of the system, no command.
constexpr OwnValues kStructs[] = {
    {"os", "stat_result terminal_size uname_result times_result statvfs_result sched_param"},
    {"posix", "stat_result terminal_size uname_result times_result statvfs_result sched_param"},
    {"nt", "stat_result terminal_size uname_result times_result statvfs_result"},
    {"resource", "struct_rusage"},
};

// Attributes that change what an object does or reach behind it.
constexpr std::string_view kHooks[] = {
    "__class__", "__dict__", "__reduce__", "__reduce_ex__", "__setstate__", "__getattr__",
    "__getattribute__", "__call__", "__new__", "__init__", "__del__", "__code__", "__globals__",
    "__builtins__", "__func__", "__subclasses__", "__bases__", "__mro__", "__base__", "__import__",
    "__loader__", "__self__", "__closure__", "__setattr__", "__delattr__", "__getstate__",
    "__init_subclass__", "__class_getitem__", "__subclasshook__", "__set_name__", "__get__",
    "__set__", "__defaults__", "__kwdefaults__",
    // What numpy and torch ask an object for, not its class: an address, or a call.
    "__array__", "__array_interface__", "__array_struct__", "__array_function__", "__array_ufunc__",
    "__cuda_array_interface__", "__dlpack__", "__dlpack_device__", "__torch_function__"};

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos;
       at = words.find(word, at + 1)) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const bool ends = at + word.size() == words.size() || words[at + word.size()] == ' ';
    if (begins && ends) return true;
  }
  return false;
}

bool is_in(std::string_view module, std::string_view pattern) {
  constexpr std::string_view kAndBelow = ".*";
  if (pattern == "pyarmor_runtime*") return module.starts_with("pyarmor_runtime");  // and a number
  if (!pattern.ends_with(kAndBelow)) return module == pattern;
  const std::string_view package = pattern.substr(0, pattern.size() - kAndBelow.size());
  return module.starts_with(package) &&
         (module.size() == package.size() || module[package.size()] == '.');
}

bool matches(const Row& row, std::string_view module, std::string_view name) {
  if (row.names.empty()) return is_in(module, row.module);
  return module == row.module &&
         (has_word(row.names, name) || has_word(row.names, name.substr(0, name.find('.'))));
}

std::vector<std::string_view> components(std::string_view dotted) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = dotted.find('.');
    parts.push_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    dotted.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<Rule> find_danger(std::string_view module, std::string_view name) {
  for (const OwnValues& own : kOwnValues)
    if (module == own.module && (own.names.empty() || has_word(own.names, name)))
      return std::nullopt;
  for (const OwnValues& structs : kStructs)
    if (module == structs.module && has_word(structs.names, name)) return std::nullopt;
  if (name.find('.') == std::string_view::npos && find_double_edged(module, name))
    return std::nullopt;
  for (const Row& row : kRows)
    if (matches(row, module, name)) return row.family;
  // A module that is reached as an attribute of its package: "torch" and "hub.load".
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string longer = std::string(module) + "." + std::string(name.substr(0, dot));
  for (const Row& row : kRows)
    if (matches(row, longer, name.substr(dot + 1))) return row.family;
  return std::nullopt;
}

std::optional<Rule> find_danger_in_tail(std::string_view module, std::string_view name) {
  if (const auto whole = find_danger(module, name)) return whole;
  const std::vector<std::string_view> parts = components(name);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // Old protocols reach cls.__new__ to call it with keywords, and methods are saved by name.
    const bool is_last = i + 1 == parts.size();
    const bool is_making = parts[i] == "__new__" || (parts[i] == "__init__" && is_last);
    if (is_hook(parts[i]) && !is_making) return Rule::kG12;
    const bool is_module =
        std::find(std::begin(kReachable), std::end(kReachable), parts[i]) != std::end(kReachable);
    if (is_module)
      return find_danger(parts[i], i + 1 < parts.size() ? parts[i + 1] : "").value_or(Rule::kG03);
    if (i != 0 && has_word(kReachableNames, parts[i])) return Rule::kG02;
  }
  return std::nullopt;
}

std::optional<Rule> find_double_edged(std::string_view module, std::string_view name) {
  constexpr auto kRowsOfBoth = std::to_array<Row>({
      {R::kG09, "cloudpickle.*"},
      {R::kG09, "pyspark.cloudpickle.*"},
      {R::kG09, "ray.cloudpickle.*"},
      {R::kG09, "joblib.externals.cloudpickle.*"},
      {R::kG09, "sklearn.externals.joblib.externals.cloudpickle.*"},
      {R::kG09, "numba.cloudpickle.*"},
      {R::kG09, "numba.core.serialize",
       "_unpickle__CustomPickled custom_rebuild _rebuild_reduction"},
      {R::kG09, "dill", "_dill"},
      {R::kG09, "dill._dill",
       "_load_type _create_type _create_namedtuple _create_function _create_code _create_cell "
       "_import_module _get_attr _setitems _eval_repr _create_array"},
      {R::kG02, "torch.fx.graph_module",
       "reduce_graph_module reduce_package_graph_module reduce_deploy_graph_module "
       "_deserialize_graph_module"},
      {R::kG02, "torch.fx._lazy_graph_module", "_make_graph_module"},
      {R::kG03, "operator", "attrgetter methodcaller"},
      {R::kG03, "_operator", "attrgetter methodcaller"},
  });
  if (has_word("load loads", name)) return std::nullopt;  // of cloudpickle: runs another pickle
  for (const Row& row : kRowsOfBoth)
    if (matches(row, module, name)) return row.family;
  return std::nullopt;
}

bool has_dangerous_word(std::string_view text) {
  constexpr std::size_t kMostText = std::size_t{64} << 10;
  text = text.substr(0, kMostText);
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    if (is_dangerous_word(word) || (is_hook(word) && word != "__init__")) return true;
    at = end + 1;
  }
  return false;
}

bool is_dangerous_word(std::string_view word) {
  return has_word(
      "eval exec compile execfile __import__ system popen subprocess socket importlib builtins "
      "__builtins__ ctypes pty shutil urllib requests marshal posix nt spawn Popen execv execve "
      "execvp "
      "execl execlp posix_spawn startfile forkpty check_output check_call getoutput",
      word);
}

bool is_hook(std::string_view attribute) {
  return std::find(std::begin(kHooks), std::end(kHooks), attribute) != std::end(kHooks);
}

}  // namespace safe_load::scanner
