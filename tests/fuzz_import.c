/* Any bytes as a table of nf_import. The lines that are read have names, which are expanded. */
#include "fuzz.h"
#include "io/import_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[300], name[NF_IMPORT_NAME];
  nf_import_table t = {0};
  nf_error e = {0};
  fuzz_write("table", bytes, size, path);
  if (nf_import_table_read(path, &t, &e) != NF_OK) fuzz_require(fuzz_is_line(e.message));
  for (size_t i = 0; i < t.n; i++) {
    uint64_t number = 7;
    size_t k = 0;
    fuzz_require(t.line[i].number > 0 && t.line[i].path[0] != 0 && t.line[i].name[0] != 0);
    nf_import_matches(t.line[i].path, "12.net.in.weight", &number);
    while (nf_import_name(t.line[i].name, number, k, name)) {
      fuzz_require(strlen(name) < NF_IMPORT_NAME);
      k++;
    }
    fuzz_require(k < NF_IMPORT_NAME); /* a list has fewer items than its text has bytes */
  }
  nf_import_table_free(&t);
  return 0;
}
