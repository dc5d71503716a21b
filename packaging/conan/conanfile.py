"""For Conan 2. Not run."""

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout


class SafeLoad(ConanFile):
    name = "safe-load"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "Opens any PyTorch checkpoint and runs none of it"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": False}
    exports_sources = "CMakeLists.txt", "cmake/*", "include/*", "src/*"

    def layout(self):
        cmake_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)

    def requirements(self):
        for package in ("libdeflate/[>=1.14]", "zlib/[>=1.2]", "libmd/[>=1.0]", "bzip2/[>=1.0]", "xz_utils/[>=5.4]", "zstd/[>=1.5]"):
            self.requires(package)
        self.requires("nlohmann_json/[>=3.11]", visible=False)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("CLI", "TESTS", "FUZZERS"):
            toolchain.cache_variables[f"SAFE_LOAD_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["safe_load"]
        self.cpp_info.set_property("cmake_file_name", "safe_load")
        self.cpp_info.set_property("cmake_target_name", "safe_load::safe_load")
