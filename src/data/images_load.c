/* An image set by its name, as a user types it: the kind, and for files a colon and a path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "data/images.h"

enum { DIGITS, ICONS, CIFAR10, CIFAR10_TEST, IDX, PNG, KINDS = NF_IMAGE_KINDS };
const char *const nf_image_kinds[NF_IMAGE_KINDS] = {"digits",       "icons", "cifar10",
                                                    "cifar10-test", "idx",   "png"};

static int load_idx(const char *path, nf_images *out, char message[NF_MESSAGE]) {
  const char *comma = strrchr(path, ',');
  if (comma == NULL) return nf_images_idx(path, NULL, out, message);
  char *images = strndup(path, (size_t)(comma - path));
  if (images == NULL) return nf_fail(NF_ENOMEM, message, "%s: out of memory", path);
  const int status = nf_images_idx(images, comma + 1, out, message);
  free(images);
  return status;
}

int nf_images_load(const char *name, nf_images *out, char message[NF_MESSAGE]) {
  const size_t length = strcspn(name, ":");
  const char *path = name[length] == ':' ? name + length + 1 : NULL;
  int kind = 0;
  while (kind < KINDS &&
         (strncmp(name, nf_image_kinds[kind], length) != 0 || nf_image_kinds[kind][length] != 0))
    kind++;
  if (kind == KINDS) {
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), name);
    return nf_fail(NF_EINVAL, message,
                   "%s: no such image set, nearest is '%s'; there are digits, icons, "
                   "cifar10:PATH, cifar10-test:PATH, idx:IMAGES[,LABELS] and png:FOLDER",
                   name, nf_nearest(word, KINDS, nf_image_kinds));
  }
  if (kind <= ICONS && path != NULL)
    return nf_fail(NF_EINVAL, message, "%s: '%s' is embedded and takes no path", name,
                   nf_image_kinds[kind]);
  if (kind > ICONS && (path == NULL || *path == 0))
    return nf_fail(NF_EINVAL, message, "%s: the path is missing, as in %s:PATH", name,
                   nf_image_kinds[kind]);
  switch (kind) {
    case DIGITS:
      return nf_images_digits(out, message);
    case ICONS:
      return nf_images_icons(out, message);
    case IDX:
      return load_idx(path, out, message);
    case PNG:
      return nf_images_png(path, out, message);
    default:
      return nf_images_cifar10(path, kind == CIFAR10_TEST, out, message);
  }
}
