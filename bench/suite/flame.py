"""Stacks that `perf script` prints, on standard input, as a flame graph (SVG): flame.py TITLE > FILE. What they come to goes
to standard error."""

import re
import sys
from html import escape

WIDTH, ROW, MARGIN, LETTER = 1200, 17, 10, 6.6  # px
NARROWEST = 0.15 / 100  # of all stacks: what is narrower is left out
KERNEL, OURS, OTHERS = "#9ecae1", "#fdae6b", "#d9d9d9"

# "  2af73b troupe::gateway::session::flush+0xdb (/bin/techempower)"
FRAME = re.compile(r"^\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \((.*)\)$")


def without_brackets(name, opening, closing):
    """The name without what stands between these, nested ones too."""
    out, depth = [], 0
    for c in name:
        if c == opening:
            depth += 1
        elif c == closing and depth > 0:
            depth -= 1
        elif depth == 0:
            out.append(c)
    return "".join(out)


def short(name):
    name = name.replace("(anonymous namespace)::", "").replace("operator()", "call operator")
    return without_brackets(without_brackets(name, "<", ">"), "(", ")").strip() or name


def color_of(name, where):
    if "kernel" in where:
        return KERNEL
    return OURS if "troupe::" in name or "/bin/" in where else OTHERS


class Node:
    def __init__(self, color):
        self.color = color
        self.count = 0  # of stacks that have it
        self.last = 0  # that end with it
        self.children = {}


def read(lines):
    """The tree of all stacks, from the first caller on."""
    root = Node(OTHERS)
    frames = []

    def end():
        if frames:
            root.count += 1
            at = root
            for name, color in reversed(frames):
                at = at.children.setdefault(name, Node(color))
                at.count += 1
            at.last += 1
            frames.clear()

    for line in lines:
        found = FRAME.match(line)
        if found:
            name, where = found.groups()
            if name == "[unknown]":
                name = where.rsplit("/", 1)[-1]
            frames.append((short(name), color_of(name, where)))
        else:
            end()
    end()
    return root


def in_kernel(node):
    return (node.last if node.color == KERNEL else 0) + sum(map(in_kernel, node.children.values()))


def depth_of(node, least):
    return max((1 + depth_of(each, least) for each in node.children.values() if each.count >= least), default=0)


def draw(node, left, level, height, per_px, all_of_them, least, out):
    for name, child in sorted(node.children.items()):
        if child.count < least:
            continue
        width = child.count / per_px
        top = height - MARGIN - (level + 1) * ROW
        share = child.count / all_of_them * 100
        letters = int((width - 4) / LETTER)
        text = name if len(name) <= letters else name[:letters - 1] + "…" if letters > 3 else ""
        out.append(f'<g><title>{escape(name)}: {share:.1f}%</title>'
                   f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW - 1}" fill="{child.color}"/>'
                   + (f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(text)}</text>' if text else "") + "</g>")
        draw(child, left, level + 1, height, per_px, all_of_them, least, out)
        left += width


def main():
    root = read(sys.stdin)
    if root.count == 0:
        sys.exit("flame.py: no stacks")
    summary = f"{root.count} stacks, {in_kernel(root) / root.count:.0%} of them in the kernel"
    print(summary, file=sys.stderr)
    least = root.count * NARROWEST
    height = depth_of(root, least) * ROW + 2 * MARGIN + 36
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
           'font-family="monospace" font-size="11">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="{MARGIN}" y="18" font-size="14">{escape(sys.argv[1])}: {summary}</text>']
    for number, (color, what) in enumerate(((KERNEL, "kernel"), (OURS, "Troupe and the service"), (OTHERS, "libraries"))):
        x = MARGIN + number * 190
        out.append(f'<rect x="{x}" y="26" width="12" height="12" fill="{color}"/><text x="{x + 17}" y="36">{what}</text>')
    draw(root, MARGIN, 0, height, root.count / (WIDTH - 2 * MARGIN), root.count, least, out)
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
