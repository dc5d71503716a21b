// The rules of the scanner, one table: enum, texts and SARIF rules all come from it.
#pragma once

#include <cstdint>

#include "safe_load/verdict.h"

namespace safe_load::scanner {

// Ids that are missing here were given once, and are given to nothing else.
// id, severity of the trick itself, name, what it is, what to do, public advisories
// clang-format off
#define SAFE_LOAD_SCAN_RULES(X) \
  X(C01, kUnknown, "zip-flags", "A zip entry is marked as encrypted or patched although its data is plain, which makes some readers refuse and others read it", "get the file again from where it was made", "CVE-2025-1945 GHSA-w8jq-xcqf-f792") \
  X(C02, kUnknown, "zip-names-differ", "The local header and the directory of a zip file give an entry two names", "get the file again from where it was made", "CVE-2025-1944 GHSA-7q5r-7gvp-wc82") \
  X(C03, kUnknown, "zip-checksum", "The checksum of a zip entry is wrong: Python's zipfile refuses it, torch reads it", "get the file again; its bytes changed after it was written", "CVE-2025-10156 GHSA-mjqp-26hc-grxg") \
  X(C05, kIncomplete, "compressed-wrapper", "The data is compressed as a whole, and what is inside was not looked at", "unpack it and scan what comes out", "") \
  X(C06, kUnknown, "polyglot", "Two kinds of readers would find two different things in this file", "get the file again from where it was made", "") \
  X(C07, kUnknown, "zip-duplicate-names", "Two zip entries have one name, or names that some readers take for one", "get the file again from where it was made", "") \
  X(C08, kUnknown, "stray-pickle", "A pickle lies where torch does not put one", "look at what it holds before anything opens it", "") \
  X(C09, kUnknown, "zip-structure", "The parts of a zip file overlap, contradict each other, or leave bytes that belong to nobody", "get the file again from where it was made", "") \
  X(C10, kUnknown, "zip-odd-start", "The file starts like a zip file, but not with an entry", "get the file again from where it was made", "") \
  X(C11, kIncomplete, "nested-too-deep", "Containers lie in each other deeper, or inflate to more, than the scanner follows", "unpack it and scan what comes out", "") \
  X(C12, kIncomplete, "encrypted", "A member is encrypted, and was not looked into", "ask whoever made it for the plain file", "") \
  X(C13, kIncomplete, "truncated", "The file ends before its structure does", "download it again", "") \
  X(C14, kIncomplete, "tar-without-end", "A tar archive stops without the blocks that mark its end", "download it again", "") \
  X(C15, kUnknown, "array-size", "An array file holds something else than its header says", "get the file again from where it was made", "") \
  X(C16, kIncomplete, "no-checkpoint", "This is not a checkpoint that any listed reader would take", "look at what the file is", "") \
  X(C17, kUnknown, "unsafe-path", "A member's name is a path that leads somewhere else when it is extracted", "do not extract this archive", "") \
  X(T01, kUnknown, "legacy-extra-bytes", "Bytes lie between or behind the pickles of a legacy file that none of them explains", "get the file again from where it was made", "") \
  X(T02, kDanger, "computed-magic", "The magic number of a torch file is computed by a call, which no torch writes", "do not open this file with torch.load or pickle", "GHSA-97f8-7cmv-76j2") \
  X(T03, kUnknown, "tar-members", "A tar file of torch 0.1 holds more than its three pickles", "get the file again from where it was made", "") \
  X(T04, kUnknown, "torchscript", "This is a TorchScript program, or a part of one, that cannot be judged", "load it only if you trust whoever made it", "CVE-2025-32434 GHSA-53q9-r3pm-6pq6") \
  X(T05, kUnknown, "code-inside", "The archive holds program text or native code", "load it only if you trust whoever made it", "CVE-2026-4538") \
  X(T06, kUnknown, "storage-like-name", "A name looks like a storage class of torch and is none", "open it with safe_load(path, unknown=\"opaque\") to look at it", "") \
  X(T07, kUnknown, "odd-persistent-id", "A persistent id is not one that torch writes", "get the file again from where it was made", "") \
  X(T10, kUnknown, "impossible-tensor", "A value contradicts itself: a size, stride, offset, index or use that cannot be", "get the file again; it is damaged or made to mislead", "CVE-2026-24747 GHSA-63cw-57p8-fm3p") \
  X(T11, kUnknown, "script-operator", "A TorchScript program names what is not known to compute and do nothing else", "load it only if you trust whoever made it", "") \
  X(T12, kDanger, "script-files", "A TorchScript program makes, changes or reads files", "do not open this file with torch.jit.load", "") \
  X(P01, kDanger, "frame-straddled", "An opcode crosses the end of its frame, where unpicklers see different programs", "do not open this file with torch.load or pickle", "") \
  X(P02, kIncomplete, "broken-pickle", "A pickle breaks off; all that it asked for until then counts", "get the file again from where it was made", "") \
  X(P03, kNote, "memo-games", "A memo entry is written twice", "", "GHSA-9gvj-pp9x-gcfr") \
  X(P04, kDanger, "computed-name", "The name of a global is not a text but a computed value", "do not open this file with torch.load or pickle", "") \
  X(P05, kDanger, "dotted-name", "A global reaches through one module or class into another", "do not open this file with torch.load or pickle", "GHSA-5j3x-jp52-966f") \
  X(P06, kNote, "hidden-call", "A call is made in an old way, or its result is thrown away", "", "GHSA-mxhj-88fx-4pcv") \
  X(P07, kUnknown, "extension-code", "An extension code stands for a name that only the reader's program knows", "get the file again from where it was made", "") \
  X(P08, kUnknown, "out-of-band-buffer", "A pickle asks for a buffer that is not in the file", "get the file again from where it was made", "") \
  X(P09, kUnknown, "odd-protocol", "A pickle announces its protocol late, twice, or above 5", "get the file again from where it was made", "") \
  X(P10, kUnknown, "odd-operand", "An operand is written in a way that readers take differently", "get the file again from where it was made", "") \
  X(P11, kUnknown, "bytes-after-stop", "Bytes follow the end of a pickle", "get the file again from where it was made", "") \
  X(P12, kDanger, "state-of-class", "A state is given to a class, or sets an attribute that changes what an object does", "do not open this file with torch.load or pickle", "") \
  X(P13, kDanger, "call-of-result", "The result of a call is called", "do not open this file with torch.load or pickle", "CVE-2025-71320 GHSA-84r2-jw7c-4r5q") \
  X(G01, kDanger, "process", "Starts programs or runs shell commands", "do not open this file with torch.load or pickle", "CVE-2025-10157 GHSA-vqmv-47xg-9wpr GHSA-f7qq-56ww-84cr GHSA-q77w-mwjj-7mqx GHSA-g38g-8gr9-h9xp") \
  X(G02, kDanger, "evaluation", "Compiles or runs program text", "do not open this file with torch.load or pickle", "GHSA-7wx9-6375-f5wh GHSA-x696-vm39-cp64 GHSA-6vqj-c2q5-j97w GHSA-49gj-c84q-6qm9 GHSA-9w88-8rmg-7g2p") \
  X(G03, kDanger, "name-resolution", "Looks up any name that it is given", "do not open this file with torch.load or pickle", "GHSA-vvpj-8cmc-gx39 GHSA-46h3-79wf-xr6c GHSA-955r-x9j8-7rhh CVE-2025-71320") \
  X(G04, kDanger, "torch-gadget", "A part of torch that runs the text or the files that it is given", "do not open this file with torch.load or pickle", "CVE-2025-71350 GHSA-f745-w6jp-hpxx CVE-2024-5480 CVE-2024-48063 CVE-2022-45907") \
  X(G05, kDanger, "loader", "Loads another pickle or file, and runs what it says", "do not open this file with torch.load or pickle", "") \
  X(G06, kDanger, "installer", "Installs packages or changes how Python starts", "do not open this file with torch.load or pickle", "CVE-2025-1716 GHSA-655q-fx9r-782v GHSA-xp4f-hrf8-rxw7") \
  X(G07, kDanger, "files", "Reads, writes or deletes files", "do not open this file with torch.load or pickle", "GHSA-9726-w42j-3qjr GHSA-m7j5-r2p5-c39r GHSA-m273-6v24-x4m4") \
  X(G08, kDanger, "network", "Opens network connections", "do not open this file with torch.load or pickle", "CVE-2025-46417") \
  X(G09, kDanger, "code-object", "Builds functions from byte code or source in the file", "do not open this file with torch.load or pickle", "GHSA-9m3x-qqw2-h32h") \
  X(G10, kDanger, "native-code", "Calls native code", "do not open this file with torch.load or pickle", "GHSA-4675-36f9-wf6r") \
  X(G11, kDanger, "caller", "Calls whatever it is given", "do not open this file with torch.load or pickle", "") \
  X(G12, kDanger, "interpreter-state", "Reads or changes the state of the interpreter", "do not open this file with torch.load or pickle", "GHSA-r7v6-mfhq-g3m2 GHSA-565g-hwwr-4pp3 GHSA-wfq2-52f7-7qvj GHSA-q5qq-mvfm-j35x GHSA-p523-jq9w-64x9") \
  X(G13, kNote, "nested-payload", "A checkpoint lies in the bytes of another one", "", "") \
  X(G14, kDanger, "call-with-evidence", "A name that is not known is called with text that looks like program text or a command", "do not open this file with torch.load or pickle", "") \
  X(G15, kUnknown, "unlisted-name", "A name that is not known, and not known to be bad", "open it with safe_load(path, unknown=\"opaque\"): unknown classes become inert records", "") \
  X(G16, kNote, "package-class", "A class of a well-known package, whose objects are unpickled by setting attributes", "", "") \
  X(A02, kDanger, "callable-argument", "A known name is given a class or function where it takes none", "do not open this file with torch.load or pickle", "") \
  X(A03, kUnknown, "schema-violation", "A known name is called with arguments that it never gets", "do not open this file with torch.load or pickle", "") \
  X(A04, kUnknown, "class-of-a-script", "A class of the script or notebook that wrote the file", "open it with safe_load(path, unknown=\"opaque\"): unknown classes become inert records", "") \
  X(A08, kDanger, "attack-on-scanner", "The file names a scanner or this library", "do not open this file with torch.load or pickle", "") \
  X(R05, kIncomplete, "huge-integer", "A number is larger than the scanner reads", "get the file again; no honest file does this", "") \
  X(R06, kIncomplete, "limit", "The file asks for more than the limits allow", "raise the limit if you expect such a file", "") \
  X(R07, kIncomplete, "frame-length", "A frame is longer than the file", "download it again", "") \
  X(R09, kIncomplete, "inflates", "The members inflate to more than the limits allow", "raise the limit if you expect such a file", "") \
  X(R12, kIncomplete, "tar-tricks", "A tar archive uses sparse files or sizes that cannot be", "get the file again from where it was made", "") \
  X(R14, kIncomplete, "special-file", "This is not a regular file", "give the file itself", "") \
  X(R15, kIncomplete, "scanner-stopped", "The process that scanned this file was stopped, or took too long", "treat the file as hostile, and report it: no file should be able to do this", "") \
  X(H03, kIncomplete, "changed-while-scanned", "The file changed while it was scanned", "scan it again when nobody writes to it", "") \
  X(H05, kIncomplete, "unreadable", "The file could not be read", "check the path and the permissions", "") \
  X(N01, kNote, "pickle-in-text", "A text or bytes value looks like a pickle; nothing reads it as one", "", "") \
  X(N02, kNote, "unreferenced-member", "A member holds no pickle, and nothing refers to it", "", "") \
  X(N03, kNote, "no-pickle", "The archive holds no pickle", "", "") \
  X(N04, kNote, "padding", "More than 64 KiB of zero bytes or comment belong to nobody", "", "") \
  X(N06, kNote, "storages-elsewhere", "The pickle names storages that this file does not hold", "", "") \
  X(N08, kNote, "named-in-a-config", "A config names a class or function that Hydra (_target_) or Lightning (_instantiator) would import and call if they are given it", "look at the name before you give the config to them", "")
// clang-format on

enum class Rule : std::uint8_t {
#define SAFE_LOAD_SCAN_RULE(id, severity, name, what, advice, advisories) k##id,
  SAFE_LOAD_SCAN_RULES(SAFE_LOAD_SCAN_RULE)
#undef SAFE_LOAD_SCAN_RULE
};

const ScanRule& describe(Rule rule);

}  // namespace safe_load::scanner
