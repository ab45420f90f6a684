/* Which settings go together, and the range of each: what an architecture's row of the table
 * (models.h) says that it has, it may be given. */
#include "flow/models.h"

bool nf_model_is_valid(const nf_model *m, nf_error *e) {
  const nf_architecture *a = nf_architecture_of(m->family);
  const bool point = nf_shape_pixels(m->shape) == 1;
  if (a == NULL)
    nf_fail(e, NF_EINVAL, "model: there is no family %d", (int)m->family);
  else if ((int)m->scale < NF_SCALE_NONE || m->scale > NF_SCALE_CLAMP)
    nf_fail(e, NF_EINVAL, "model: there is no scale %d", (int)m->scale);
  else if (a->continuous && (!point || m->bins > 0))
    nf_fail(e, NF_EINVAL,
            "model: %s is for points, not images, whose exact trace costs a pass for each of %zu "
            "values; glow and realnvp take them",
            a->name, nf_shape_size(m->shape));
  else if (nf_shape_size(m->shape) == 1 && !a->continuous)
    nf_fail(e, NF_EINVAL,
            "model: a sample of 1 value; %s needs 2 or more, one part to condition the other%s",
            a->name, m->bins > 0 ? "" : "; cnf and fm take 1");
  else if (m->levels < 1 || m->levels > 16)
    nf_fail(e, NF_EINVAL, "model: levels is %zu; it can be 1 to 16", m->levels);
  else if ((point || !a->levels) && m->levels != 1)
    nf_fail(e, NF_EINVAL, "model: levels is %zu; %s has 1", m->levels,
            point ? "a flow on points" : a->name);
  else if ((point || a->steps) && (m->steps < 1 || m->steps > 4096))
    nf_fail(e, NF_EINVAL, "model: steps is %zu; it can be 1 to 4096", m->steps);
  else if (m->width < 1 || m->width > 65536)
    nf_fail(e, NF_EINVAL, "model: width is %zu; it can be 1 to 65536", m->width);
  else if ((int)m->net < NF_NET_USUAL || m->net > NF_NET_GATED)
    nf_fail(e, NF_EINVAL, "model: there is no net %d", (int)m->net);
  else if (m->net == NF_NET_GATED && (point || !a->net))
    nf_fail(e, NF_EINVAL, "model: gated networks are for images; %s has MLPs",
            point ? "a flow on points" : a->name);
  else if (m->net == NF_NET_GATED && (m->blocks < 1 || m->blocks > 256))
    nf_fail(e, NF_EINVAL, "model: blocks is %zu; it can be 1 to 256", m->blocks);
  else if (m->condition > 0 && !a->given)
    nf_fail(e, NF_EINVAL, "model: %s cannot be given a condition; models with couplings can",
            a->name);
  else if (m->condition > 4096)
    nf_fail(e, NF_EINVAL, "model: condition is %zu; it can be 0 to 4096", m->condition);
  else if (m->variational && m->bins == 0)
    nf_fail(e, NF_EINVAL, "model: variational noise is for pixels, not for values of ℝ");
  else if (m->standardise && m->bins > 0)
    nf_fail(e, NF_EINVAL, "model: standardise is for values, not for pixels of %u bins", m->bins);
  else
    return true;
  return false;
}
