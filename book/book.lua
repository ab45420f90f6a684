-- From GitHub's Markdown, as the notes are written, to a page:
--   * a ```math block is a display, and with \tag{c.k} at its end an equation with an anchor;
--   * (c.k) in the text leads there;
--   * the comment behind a number, which says what golden value it is, shows when one points at
--     it;
--   * a figure is the large one of `make plots`, where it draws it;
--   * a link to a file is seen from where the page lies;
--   * punctuation stays on the line of the formula before it, and an option is on one line;
--   * Chinese has no spaces between its lines, nor beside its punctuation, as GitHub's formulas need.
-- Metadata: pictures, the folder of the large figures; root, the way from the page to the tree.

local root, pictures
local labelled = {} -- "1.3" of every equation

local function read_metadata(meta)
  root = pandoc.utils.stringify(meta.root)
  pictures = pandoc.utils.stringify(meta.pictures)
end

local function is_display(block)
  return block and block.t == 'CodeBlock' and block.classes[1] == 'math'
end

local function displays(doc)
  for i, block in ipairs(doc.blocks) do
    if is_display(block) then
      local formula, label = block.text:match('^(.*) \\tag{(%d+%.%d+)}%s*$')
      local display = pandoc.Para { pandoc.Math('DisplayMath', formula or block.text) }
      if label then
        labelled[label] = true
        -- raw, so that it does not become a link to itself
        local number = pandoc.Para { pandoc.RawInline('html', '(' .. label .. ')') }
        display = pandoc.Div({ display, number }, pandoc.Attr('eq-' .. label, { 'equation' }))
      end
      doc.blocks[i] = display
    end
  end
  return doc
end

-- "by (1.5)," with a link in it
local function references(str)
  local out, rest = pandoc.List(), str.text
  while true do
    local from, to, label = rest:find('%((%d+%.%d+)%)')
    if not from or not labelled[label] then break end
    if from > 1 then out:insert(pandoc.Str(rest:sub(1, from - 1))) end
    out:insert(pandoc.Link('(' .. label .. ')', '#eq-' .. label))
    rest = rest:sub(to + 1)
  end
  if #out == 0 then return nil end
  if rest ~= '' then out:insert(pandoc.Str(rest)) end
  return out
end

-- The number in front of its tag.
local function tags(inlines)
  local out = pandoc.List()
  for _, inline in ipairs(inlines) do
    local tag = inline.t == 'RawInline' and inline.text:match('^<!%-%- ([%w_]+:[%w_]+) %-%->$')
    local number = tag and out[#out] and out[#out].t == 'Str' and out[#out].text:match('%-?[%d.]+$')
    if number then
      local before = out[#out].text:sub(1, -#number - 1)
      out:remove(#out)
      if before ~= '' then out:insert(pandoc.Str(before)) end
      out:insert(pandoc.Span(number, pandoc.Attr('', { 'golden' }, { title = tag })))
    elseif not tag then
      out:insert(inline)
    end
  end
  return out
end

-- The first or the last character of a piece of text, or 0.
local function first(inline)
  local text = inline and inline.t == 'Str' and inline.text or ''
  return text ~= '' and utf8.codepoint(text) or 0
end
local function last(inline)
  local text = inline and inline.t == 'Str' and inline.text or ''
  return text ~= '' and utf8.codepoint(text, utf8.offset(text, -1)) or 0
end

local function among(characters, c)
  for _, other in utf8.codes(characters) do
    if c == other then return true end
  end
  return false
end

local function spaces(inlines)
  local out = pandoc.List()
  for i, inline in ipairs(inlines) do
    local left, right = last(inlines[i - 1]), first(inlines[i + 1])
    local gap = inline.t == 'Space' or inline.t == 'SoftBreak'
    local chinese = inline.t == 'SoftBreak' and left > 0x2e80 and right > 0x2e80
    local beside = among('，。；：、）」』》！？', right) or among('，。；：、！？（「『《', left)
    if not (gap and (chinese or beside)) then out:insert(inline) end
  end
  return out
end

-- Words in formulas, such as sigmoid and the index data, as text: MathML would make variables of their
-- letters.
local function upright(tex)
  local out = tex:gsub('\\mathrm(%b{})', '\\text%1'):gsub('_(%b{})', function(index)
    return index:match('^{%l%l%l+}$') and '_{\\text' .. index .. '}' or '_{' .. upright(index:sub(2, -2)) .. '}'
  end)
  return out
end
local function words(math)
  math.text = upright(math.text)
  return math
end

-- A long formula in a line is cut behind its outer relations, sums and differences, where a line can
-- end: MathML is not broken by browsers, and on a telephone it would leave the page.
local opens = { ['('] = 1, ['['] = 1, ['{'] = 1, ['\\{'] = 1, ['\\left'] = 1, ['\\lvert'] = 1,
  [')'] = -1, [']'] = -1, ['}'] = -1, ['\\}'] = -1, ['\\right'] = -1, ['\\rvert'] = -1 }
local operator = { ['='] = true, ['+'] = true, ['-'] = true, ['\\le'] = true, ['\\ge'] = true,
  ['\\approx'] = true }
local LONG, SHORT = 30, 8 -- characters of TeX

local function pieces(tex)
  local out, depth, from, at, before = {}, 0, 1, 1, nil
  while at <= #tex do
    local token = tex:match('^\\%a+', at) or tex:match('^\\.', at) or tex:sub(at, at)
    at = at + #token
    depth = depth + (opens[token] or 0)
    local binary = operator[token] and before and not operator[before]
    if binary and depth == 0 and at - from > SHORT and #tex - at > SHORT then
      table.insert(out, tex:sub(from, at - 1) .. ' {}')
      from = at
    end
    if token ~= ' ' then before = token end
  end
  table.insert(out, tex:sub(from))
  return out
end

local function breaks(inlines)
  local out = pandoc.List()
  for _, inline in ipairs(inlines) do
    if inline.t == 'Math' and inline.mathtype == 'InlineMath' and #inline.text > LONG then
      for i, piece in ipairs(pieces(inline.text)) do
        if i > 1 then out:insert(pandoc.Str('\u{200b}')) end
        out:insert(pandoc.Math('InlineMath', piece))
      end
    else
      out:insert(inline)
    end
  end
  return out
end

-- A formula is not parted from the punctuation behind it by the end of a line.
local function punctuation(inlines)
  local out = pandoc.List()
  for _, inline in ipairs(inlines) do
    local before, text = out[#out], inline.t == 'Str' and inline.text or ''
    local to = 0
    while to < #text and among('.,;:!?)，。；：、）？！', utf8.codepoint(text, to + 1)) do
      to = utf8.offset(text, 2, to + 1) - 1
    end
    if to > 0 and before and before.t == 'Math' then
      out[#out] = pandoc.Span({ before, pandoc.Str(text:sub(1, to)) }, pandoc.Attr('', { 'tied' }))
      text = text:sub(to + 1)
      if text ~= '' then out:insert(pandoc.Str(text)) end
    else
      out:insert(inline)
    end
  end
  return out
end

-- A browser would end a line behind a hyphen of --csv.
local function options(code)
  local entity = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;' }
  local text, found = code.text:gsub('[&<>]', entity):gsub('%-%-[-%w]+', '<span class="tied">%0</span>')
  return found > 0 and pandoc.RawInline('html', '<code>' .. text .. '</code>') or nil
end

local function figures(image)
  local large = image.src:gsub('^plots/gallery', pictures)
  local file = io.open(large)
  if file then
    file:close()
    image.src = large
  end
  return image
end

-- A link to another page of the book, to a file, or to anything else.
local function links(link)
  local page, anchor = link.target:match('^(NOTES[.zh]*)%.md(.*)$')
  if page then
    link.target = page .. '.html' .. anchor
  elseif not link.target:match('^#') and not link.target:match('^%a+:') then
    link.target = root .. '/' .. link.target
  end
  return link
end

local function tables(t)
  return pandoc.Div({ t }, pandoc.Attr('', { 'table' }))
end

return {
  { Meta = read_metadata },
  { Pandoc = displays },
  { Inlines = tags },
  { Inlines = spaces },
  { Inlines = breaks },
  { Inlines = punctuation },
  { Str = references, Code = options, Math = words, Image = figures, Link = links, Table = tables },
}
