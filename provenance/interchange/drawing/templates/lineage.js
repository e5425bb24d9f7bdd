
"use strict";
(() => {
  const svg = document.querySelector("svg");
  const nodes = [...svg.querySelectorAll(".node")];
  const edges = [...svg.querySelectorAll(".edge")].map((line) => ({
    line,
    from: Number(line.dataset.from),
    to: Number(line.dataset.to),
  }));
  const out = nodes.map(() => []);
  const into = nodes.map(() => []);
  for (const edge of edges) {
    if (edge.from !== edge.to) {
      out[edge.from].push(edge.to);
      into[edge.to].push(edge.from);
    }
  }
  const folded = new Set();
  const status = document.getElementById("status");

  const reach = (starts, next) => {
    const met = new Set(starts);
    for (const node of met) {
      for (const other of next(node)) met.add(other);
    }
    return met;
  };

  const shown = () => {
    // What closes a cycle is drawn backwards, so that every node has a root to be reached from.
    const forward = nodes.map(() => []);
    const rooted = nodes.map(() => true);
    for (const edge of edges) {
      const back = edge.line.classList.contains("backward");
      const [from, to] = back ? [edge.to, edge.from] : [edge.from, edge.to];
      if (from !== to) {
        forward[from].push(to);
        rooted[to] = false;
      }
    }
    const roots = nodes.map((_, n) => n).filter((n) => rooted[n]);
    return reach(roots, (n) => (folded.has(n) ? [] : forward[n]));
  };

  const draw = () => {
    const seen = shown();
    nodes.forEach((node, n) => {
      node.classList.toggle("gone", !seen.has(n));
      node.classList.toggle("folded", folded.has(n));
      if (out[n].length) node.setAttribute("aria-expanded", String(!folded.has(n)));
    });
    for (const edge of edges) {
      edge.line.classList.toggle("gone", !seen.has(edge.from) || !seen.has(edge.to));
    }
    const hidden = nodes.length - seen.size;
    status.textContent = hidden ? `${hidden} of ${nodes.length} nodes folded away` : "";
  };

  const highlight = (n) => {
    const on = reach([n], (m) => into[m]);
    for (const m of reach([n], (k) => out[k])) on.add(m);
    const up = reach([n], (m) => into[m]);
    nodes.forEach((node, m) => node.classList.toggle("on", on.has(m)));
    for (const edge of edges) {
      const above = up.has(edge.from) && up.has(edge.to);
      const below = !up.has(edge.to) && on.has(edge.from) && on.has(edge.to);
      edge.line.classList.toggle("on", above || below);
    }
    svg.classList.add("highlighting");
  };

  const fold = (n) => {
    if (!out[n].length) return;
    if (!folded.delete(n)) folded.add(n);
    draw();
  };

  const corner = (n) => {
    const box = nodes[n].querySelector(".box");
    return [Number(box.getAttribute("x")), Number(box.getAttribute("y"))];
  };

  const neighbour = (n, step) => {
    const [x, y] = corner(n);
    const column = nodes
      .map((_, m) => m)
      .filter((m) => corner(m)[0] === x && !nodes[m].classList.contains("gone"))
      .filter((m) => (step > 0 ? corner(m)[1] > y : corner(m)[1] < y));
    return column.sort((a, b) => step * (corner(a)[1] - corner(b)[1]))[0];
  };

  const moves = {
    ArrowLeft: (n) => into[n].find((m) => !nodes[m].classList.contains("gone")),
    ArrowRight: (n) => out[n].find((m) => !nodes[m].classList.contains("gone")),
    ArrowUp: (n) => neighbour(n, -1),
    ArrowDown: (n) => neighbour(n, 1),
  };

  const reachable = (n) => {
    // One node at a time is a stop of the Tab key; arrows move between them.
    nodes.forEach((node, m) => node.setAttribute("tabindex", m === n ? "0" : "-1"));
  };

  nodes.forEach((node, n) => {
    node.setAttribute("role", out[n].length ? "button" : "img");
    node.addEventListener("mouseenter", () => highlight(n));
    node.addEventListener("mouseleave", () => svg.classList.remove("highlighting"));
    node.addEventListener("focus", () => {
      reachable(n);
      highlight(n);
    });
    node.addEventListener("blur", () => svg.classList.remove("highlighting"));
    node.addEventListener("click", () => fold(n));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        fold(n);
      } else if (event.key in moves) {
        event.preventDefault();
        const other = moves[event.key](n);
        if (other !== undefined) nodes[other].focus();
      }
    });
  });

  document.getElementById("unfold").addEventListener("click", () => {
    folded.clear();
    draw();
  });
  document.getElementById("keys").hidden = false;
  document.getElementById("tools").hidden = false;
  svg.classList.add("live");
  if (nodes.length) reachable(0);
  draw();
})();
