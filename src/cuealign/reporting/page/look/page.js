"use strict";
(async () => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const { labels, concepts, conditions, models, count } = study;
  const INVALID = labels.length - 1, NOT_ASKED = 255, NO_PROBABILITY = 65535, ROW = 34;
  const opened = new Map();

  // ---------------------------------------------------------------- small helpers

  // Every text goes in as a text node: nothing that a corpus or a model wrote can become markup.
  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes("-") || name === "role") element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...children);
    return element;
  }

  const get = (id) => document.getElementById(id);
  const bytesOf = (id) => Uint8Array.from(atob(get(id).textContent), (character) => character.charCodeAt(0));

  // Content of a packed block, opened when it is first asked for.
  function open(id) {
    if (!opened.has(id)) {
      const stream = new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("gzip"));
      opened.set(id, new Response(stream).arrayBuffer());
    }
    return opened.get(id);
  }

  const openText = async (id) => new TextDecoder().decode(await open(id));
  const share = (thousandths) => (thousandths / 1000).toFixed(3).replace(/^0/, "");

  if (!("DecompressionStream" in window)) {
    get("found").textContent = "This browser is too old to list the utterances: it cannot open what is compressed here.";
    return;
  }

  // ---------------------------------------------------------------- data

  const utterances = JSON.parse(await openText("utterances"));
  const tokens = new Uint8Array(await open("tokens"));
  const column = (name, position) => utterances[name].values[utterances[name].codes[position]];
  // The labels of the dataset, by the page's codes: the column's own codes are in alphabetical order.
  const truth = Uint8Array.from(utterances.label.codes, (code) => labels.indexOf(utterances.label.values[code]));
  const conditionOf = new Map(conditions.map((condition, number) => [condition.id, number]));
  const ofIntervention = (name) => conditions.findIndex((condition) => condition.intervention === name);
  const CORRECT = ofIntervention("correct"), NONE = ofIntervention("none"), CONFLICT = ofIntervention("conflict");

  // What a model predicted under a condition of the page; null if it was not asked.
  async function predictions(model, condition) {
    const place = models[model].conditions.indexOf(condition);
    if (place < 0) return null;
    return new Uint8Array(await open(`predictions-${model}`), place * count, count);
  }

  async function answersOf(model) {
    const buffer = await open(`answers-${model}`);
    return { words: JSON.parse(await openText(`words-${model}`)), codes: models[model].wide ? new Uint32Array(buffer) : new Uint16Array(buffer) };
  }

  // Probabilities of all labels for an utterance, in thousandths; null if the model gives none. Low bytes lie before high ones.
  async function probabilities(model, place, position) {
    if (!models[model].probabilities) return null;
    const planes = new Uint8Array(await open(`probabilities-${model}`)), half = planes.length / 2, found = [];
    for (let label = 0; label < INVALID; label++) {
      const at = (place * INVALID + label) * count + position;
      found.push(planes[at] | (planes[half + at] << 8));
    }
    return found[0] === NO_PROBABILITY ? null : found;
  }

  function tokensOf(condition, position) {
    const block = conditions[condition].tokens;
    if (block < 0) return null;
    return concepts.map((_, concept) => study.vocabulary[tokens[(block * concepts.length + concept) * count + position]]);
  }

  // ---------------------------------------------------------------- state: what the address says

  const form = get("controls"), fields = form.elements;
  const FIELDS = ["m", "c", "show", "label", "pred", "speaker", "q"];
  let shown = [], chosen = -1;

  function fill(select, options) {
    select.replaceChildren(...options.map(([value, text]) => make("option", { value, textContent: text })));
  }

  fill(fields.m, models.map((model) => [model.id, model.title]));
  fill(fields.label, [["", "any"], ...labels.slice(0, -1).map((label) => [label, label])]);
  fill(fields.pred, [["", "any"], ...labels.map((label) => [label, label])]);
  fill(fields.speaker, [["", "any"], ...utterances.speaker.values.map((speaker) => [speaker, speaker])]);

  const currentModel = () => models.findIndex((model) => model.id === fields.m.value);
  const currentCondition = () => conditionOf.get(fields.c.value);
  const brief = (text) => `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;

  // Conditions that each choice of the field "Show" compares.
  const COMPARED = { conflict: ["Correct", CORRECT, "Conflict", CONFLICT], helped: ["Correct", CORRECT, "Audio-only", NONE], harmed: ["Correct", CORRECT, "Audio-only", NONE] };

  // Set the fields that depend on the model, as far as it has what is wanted. Gives a sentence on everything that it has not.
  function fitToModel(condition, show) {
    const model = models[currentModel()], numbers = model.conditions, faults = [];
    const usual = conditions[numbers.includes(CORRECT) ? CORRECT : numbers[0]];
    fill(fields.c, numbers.map((number) => [conditions[number].id, conditions[number].title]));
    fields.c.value = numbers.includes(conditionOf.get(condition)) ? condition : usual.id;
    if (condition && fields.c.value !== condition) {
      const known = conditions[conditionOf.get(condition)];
      faults.push(`${known ? `${model.title} was not asked under ${known.title}` : `There is no condition ${brief(condition)} here`}; ${usual.title} is shown.`);
    }
    for (const option of fields.show.options) {
      const [one, first, other, second] = COMPARED[option.value] || [];
      option.disabled = Boolean(one) && !(numbers.includes(first) && numbers.includes(second));
      if (option.value !== show || !option.disabled) continue;
      faults.push(`${model.title} was not asked under both ${one} and ${other}, which “${option.textContent}” compares; all utterances are shown.`);
      show = "";
    }
    fields.show.value = show;
    return faults;
  }

  function readAddress() {
    const state = new URLSearchParams(location.hash.slice(1)), wanted = (name) => state.get(name) || "", faults = [];
    fields.m.value = models.some((model) => model.id === wanted("m")) ? wanted("m") : models[0].id;
    if (wanted("m") && fields.m.value !== wanted("m")) faults.push(`There is no model ${brief(wanted("m"))} here; ${models[0].title} is shown.`);
    const known = [...fields.show.options].some((option) => option.value === wanted("show"));
    faults.push(...fitToModel(wanted("c"), known ? wanted("show") : ""));
    if (!known) faults.push(`There is no filter ${brief(wanted("show"))} here; all utterances are shown.`);
    for (const [name, title] of [["label", "label"], ["pred", "prediction"], ["speaker", "speaker"]]) {
      const found = [...fields[name].options].some((option) => option.value === wanted(name));
      fields[name].value = found ? wanted(name) : "";
      if (!found) faults.push(`There is no ${title} ${brief(wanted(name))} here; all are shown.`);
    }
    fields.q.value = wanted("q");
    chosen = wanted("u") ? utterances.utterance.indexOf(wanted("u")) : -1;
    if (wanted("u") && chosen < 0) faults.push(`There is no utterance ${brief(wanted("u"))} here.`);
    tellFaults(faults);
  }

  function tellFaults(faults) {
    get("faults").textContent = faults.join(" ");
  }

  // Where the address leads to: the utterance, unless what is above it says that something else is shown.
  function goToAddress() {
    get(chosen >= 0 && !get("faults").textContent ? "detail" : "explorer").scrollIntoView();
  }

  function writeAddress() {
    const state = new URLSearchParams();
    for (const name of FIELDS) if (fields[name].value) state.set(name, fields[name].value);
    if (chosen >= 0) state.set("u", utterances.utterance[chosen]);
    history.replaceState(null, "", `#${state}`);
    tellFaults([]);
  }

  // ---------------------------------------------------------------- filtering

  // What a word of the search asks for: a test of an utterance, and whether the word is written like a token.
  function finder(word, place, condition, answers) {
    const [name, wanted] = word.split("="), concept = concepts.findIndex((each) => each.toLowerCase() === name);
    const token = study.vocabulary.findIndex((each) => each.toLowerCase() === wanted), block = conditions[condition].tokens;
    const start = concept < 0 || token < 0 || block < 0 ? -1 : (block * concepts.length + concept) * count;
    const finds = (at) =>
      (start >= 0 && tokens[start + at] === token) || utterances.utterance[at].toLowerCase().includes(word) ||
      column("speaker", at).toLowerCase().includes(word) || answers.words[answers.codes[place * count + at]].toLowerCase().includes(word);
    return { finds, asToken: concept >= 0 && wanted !== undefined };
  }

  // What there is to say of a search: how many it finds, which words find nothing, and what can be searched for.
  function tellSearch(words, finders, alone, together) {
    if (!words.length) return "";
    const { title } = conditions[currentCondition()], own = tokensOf(currentCondition(), 0), said = [];
    said.push(together ? `${together.toLocaleString("en")} match${together === 1 ? "es" : ""} the search.` : "Nothing matches the search.");
    const lost = words.filter((_, number) => !alone[number]);
    if (words.length > 1 && !together && !lost.length) said.push("Each word is found, but no utterance has all of them.");
    if (lost.length) said.push(`Not found under ${title}: ${lost.map(brief).join(", ")}.`);
    if (!own && words.some((_, number) => finders[number].asToken)) said.push(`${title} has no tokens.`);
    if (lost.length) said.push(`Each word is looked for in ids of utterances, speakers and answers${own ? `, and as a token such as ${concepts[0]}=${own[0]}` : ""}.`);
    return said.join(" ");
  }

  async function select() {
    const model = currentModel(), here = await predictions(model, currentCondition());
    const correct = await predictions(model, CORRECT), none = await predictions(model, NONE), conflict = await predictions(model, CONFLICT);
    const every = new Uint8Array(await open(`predictions-${model}`));
    const label = labels.indexOf(fields.label.value), predicted = labels.indexOf(fields.pred.value), speaker = fields.speaker.value;
    const invalid = (position) => models[model].conditions.some((_, place) => every[place * count + position] === INVALID);
    const asked = (...of) => of.every((each) => each !== null);
    const rules = {
      "": () => true,
      conflict: (at) => asked(correct, conflict) && correct[at] !== conflict[at],
      helped: (at) => asked(correct, none) && correct[at] === truth[at] && none[at] !== truth[at],
      harmed: (at) => asked(correct, none) && correct[at] !== truth[at] && none[at] === truth[at],
      right: (at) => here[at] === truth[at],
      wrong: (at) => here[at] !== truth[at],
      invalid,
    };
    const rule = rules[fields.show.value], words = fields.q.value.split(/\s+/).filter(Boolean);
    const condition = currentCondition(), place = models[model].conditions.indexOf(condition), answers = words.length ? await answersOf(model) : null;
    const finders = words.map((word) => finder(word.toLowerCase(), place, condition, answers)), alone = words.map(() => 0), kept = [];
    let together = 0;
    for (let at = 0; at < count; at++) {
      if (here[at] === NOT_ASKED) continue;
      let all = true;
      for (let number = 0; number < finders.length; number++) {
        if (finders[number].finds(at)) alone[number]++;
        else all = false;
      }
      if (!all) continue;
      together++;
      if (rule(at) && (!speaker || column("speaker", at) === speaker)) kept.push(at);
    }
    const list = kept.filter((at) => (label < 0 || truth[at] === label) && (predicted < 0 || here[at] === predicted));
    return { here, cells: kept, list, search: tellSearch(words, finders, alone, together) };
  }

  // ---------------------------------------------------------------- confusion matrix

  function drawConfusion(here, positions) {
    const counts = labels.slice(0, -1).map(() => new Array(labels.length).fill(0));
    for (const at of positions) counts[truth[at]][here[at]]++;
    const columns = labels.map((_, number) => number).filter((number) => number < INVALID || counts.some((row) => row[number]));
    const state = new URLSearchParams();
    for (const name of ["m", "c", "show", "speaker", "q"]) if (fields[name].value) state.set(name, fields[name].value);
    const rows = counts.map((row, label) => {
      const sum = row.reduce((a, b) => a + b, 0);
      const cells = columns.map((predicted) => {
        const to = new URLSearchParams(state);
        to.set("label", labels[label]);
        to.set("pred", labels[predicted]);
        const part = sum ? row[predicted] / sum : 0;
        const link = make("a", { href: `#${to}`, textContent: row[predicted], "aria-label": `${labels[label]}, answered ${labels[predicted]}: ${row[predicted]}` });
        const cell = make("td", {}, link);
        cell.style.setProperty("--share", part.toFixed(3));
        if (fields.label.value === labels[label] && fields.pred.value === labels[predicted]) cell.setAttribute("aria-current", "true");
        return cell;
      });
      return make("tr", {}, make("th", { scope: "row", textContent: labels[label] }), ...cells);
    });
    const head = make("tr", {}, make("td"), ...columns.map((number) => make("th", { scope: "col", textContent: labels[number] })));
    get("confusion").replaceChildren(make("table", { "aria-labelledby": "confusion-title" }, make("thead", {}, head), make("tbody", {}, ...rows)));
    get("confusion-title").textContent = `${models[currentModel()].title}, ${conditions[currentCondition()].title}: label down, answer across`;
  }

  // ---------------------------------------------------------------- list: only the visible rows are drawn

  const list = get("list"), spacer = get("spacer");
  let here = null, pending = 0;

  function drawRows() {
    pending = 0;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5), last = Math.min(shown.length, first + Math.ceil(list.clientHeight / ROW) + 10);
    const rows = [];
    for (let number = first; number < last; number++) {
      const at = shown[number], right = here[at] === truth[at];
      const row = make(
        "div",
        { className: "row", id: `row-${number}`, role: "option", "aria-selected": at === chosen, "aria-setsize": shown.length, "aria-posinset": number + 1 },
        make("span", { textContent: utterances.utterance[at], title: utterances.utterance[at] }),
        make("span", { textContent: labels[truth[at]] }),
        make("span", { className: right ? "right" : "wrong" }, `${right ? "✓" : "✗"} ${labels[here[at]]}`),
      );
      row.style.top = `${number * ROW}px`;
      row.addEventListener("click", async () => {
        await choose(number);
        if (matchMedia("(max-width: 56rem)").matches) get("detail").scrollIntoView(); // it lies below the list
      });
      rows.push(row);
    }
    spacer.replaceChildren(...rows);
    const active = shown.indexOf(chosen);
    if (active >= first && active < last) list.setAttribute("aria-activedescendant", `row-${active}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function laterRows() {
    pending ||= requestAnimationFrame(drawRows);
  }

  function reveal(number) {
    if (number * ROW < list.scrollTop) list.scrollTop = number * ROW;
    else if ((number + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (number + 1) * ROW - list.clientHeight;
  }

  async function choose(number) {
    chosen = shown[number];
    reveal(number);
    drawRows();
    writeAddress();
    await drawDetail();
  }

  list.addEventListener("scroll", laterRows);
  new ResizeObserver(laterRows).observe(list);
  list.addEventListener("keydown", (event) => {
    const page = Math.floor(list.clientHeight / ROW), now = shown.indexOf(chosen);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: shown.length - 1 }[event.key];
    if (event.key === "Enter") get("detail").focus();
    else if (to !== undefined && shown.length) choose(Math.min(Math.max(to, 0), shown.length - 1));
    else return;
    event.preventDefault();
  });

  // ---------------------------------------------------------------- one utterance

  function promptOf(model, condition, position) {
    const now = tokensOf(condition, position), own = CORRECT < 0 ? null : tokensOf(CORRECT, position);
    if (!now) return [models[model].promptAlone];
    const parts = [];
    models[model].prompt.split(study.mark).forEach((text, number) => {
      if (number) {
        for (const [literal, concept] of study.cueBlock) {
          parts.push(literal);
          if (concept >= 0) parts.push(own && own[concept] !== now[concept] ? make("mark", { textContent: now[concept] }) : now[concept]);
        }
      }
      parts.push(text);
    });
    return parts;
  }

  function bars(now, own, gold, predicted) {
    const rows = now.map((value, label) => {
      const fill = make("i");
      fill.style.width = `${value / 10}%`;
      fill.style.background = study.colours[label];
      const difference = own ? value - own[label] : 0;
      const marks = [label === gold ? "label" : "", label === predicted ? "answer" : ""].filter(Boolean).join(", ");
      return make(
        "tr", {}, make("th", { scope: "row", textContent: labels[label] }), make("td", { className: "track" }, fill), make("td", { textContent: share(value) }),
        make("td", { className: Math.abs(difference) >= 50 ? "changed" : "", textContent: difference ? `${difference < 0 ? "−" : "+"}${share(Math.abs(difference))}` : "" }),
        make("td", { textContent: marks }),
      );
    });
    return make("table", { className: "bars", "aria-label": "Probabilities of the labels, and their change against Correct" }, make("tbody", {}, ...rows));
  }

  function strip(now) {
    const bar = make("span", { className: "bar", role: "img", "aria-label": now.map((value, label) => `${labels[label]} ${share(value)}`).join(", ") });
    now.forEach((value, label) => {
      const part = make("i");
      part.style.width = `${value / 10}%`;
      part.style.background = study.colours[label];
      bar.append(part);
    });
    return bar;
  }

  function player(position) {
    const embedded = study.embedded.includes(position), link = utterances.sound[position];
    if (!embedded && !link) return make("p", { className: "hint", textContent: study.soundNote });
    const audio = make("audio", { controls: true, preload: "none", "aria-label": `Sound of ${utterances.utterance[position]}` });
    audio.src = embedded ? `data:audio/ogg;base64,${get(`sound-${position}`).textContent}` : link;
    audio.addEventListener("error", () => audio.replaceWith(make("p", { className: "hint", textContent: `This browser does not play ${embedded ? "the sound" : link}.` })));
    return audio;
  }

  async function conditionRow(model, place, position, answers, own) {
    const condition = models[model].conditions[place], predicted = new Uint8Array(await open(`predictions-${model}`))[place * count + position];
    const now = await probabilities(model, place, position), answer = answers.words[answers.codes[place * count + position]];
    const right = predicted === truth[position], changed = own.predicted !== null && own.predicted !== predicted;
    const verdict = make("span", { className: right ? "right" : "wrong" }, `${right ? "✓" : "✗"} `);
    verdict.append(changed ? make("span", { className: "changed", textContent: labels[predicted], title: "other than under Correct" }, make("span", { className: "unseen", textContent: " (changed)" })) : labels[predicted]);
    const inside = make("div", { className: "inside" }, make("div", { className: "prompt", "aria-label": "Prompt" }, ...promptOf(model, condition, position)));
    inside.append(make("p", {}, "Answer: ", make("q", { textContent: answer })));
    if (now) inside.append(bars(now, own.probabilities, truth[position], predicted));
    const row = make("details", { className: "condition" }, make("summary", {}, make("span", { textContent: conditions[condition].title }), verdict, now ? strip(now) : make("span")), inside);
    row.open = [CORRECT, CONFLICT, currentCondition()].includes(condition);
    return row;
  }

  let drawing = 0;
  async function drawDetail() {
    const turn = ++drawing, detail = get("detail"), position = chosen, model = currentModel();
    if (position < 0) {
      detail.replaceChildren(make("p", { className: "hint", textContent: "Choose an utterance." }));
      return;
    }
    const answers = await answersOf(model), places = models[model].conditions, correct = places.indexOf(CORRECT);
    const under = await predictions(model, CORRECT);
    const own = { predicted: under ? under[position] : null, probabilities: correct < 0 ? null : await probabilities(model, correct, position) };
    if ((await predictions(model, places[0]))[position] === NOT_ASKED) {
      detail.replaceChildren(make("h3", { textContent: utterances.utterance[position] }), make("p", { textContent: `${models[model].title} was not asked about this utterance.` }));
      return;
    }
    const rows = [];
    for (let place = 0; place < places.length; place++) rows.push(await conditionRow(model, place, position, answers, own));
    if (turn !== drawing) return; // another one was chosen meanwhile
    const facts = [["label", labels[truth[position]]], ["speaker", column("speaker", position)], ["gender", column("gender", position)], ["duration", `${utterances.duration[position]} s`]];
    const ownTokens = CORRECT < 0 ? null : tokensOf(CORRECT, position);
    const legend = make("div", { className: "legend" });
    for (const [label, colour] of study.colours.entries()) {
      const patch = make("i");
      patch.style.background = colour;
      legend.append(make("span", {}, patch, labels[label]));
    }
    const all = make("button", { type: "button", textContent: "Open all" });
    all.addEventListener("click", () => {
      const opening = rows.some((row) => !row.open);
      for (const row of rows) row.open = opening;
      all.textContent = opening ? "Close all" : "Open all";
    });
    legend.append(all);
    detail.replaceChildren(
      make("h3", { textContent: utterances.utterance[position] }),
      make("ul", { className: "facts" }, ...facts.map(([name, value]) => make("li", {}, `${name}: `, make("strong", { textContent: value })))),
      player(position),
      ...(ownTokens ? [make("ul", { className: "tokens", "aria-label": "Its own tokens" }, ...concepts.map((concept, number) => make("li", {}, make("b", { textContent: concept }), ownTokens[number])))] : []),
      make("p", { className: "hint" }, ...(correct < 0 ? [] : [make("mark", { textContent: "Marked" }), " is what differs from Correct. "]), models[model].probabilities ? "The bars are the probabilities of the labels." : ""),
      legend,
      ...rows,
    );
  }

  // ---------------------------------------------------------------- all together

  // Figures and tables pool the seeds of a condition, and lead to the first.
  function tellSeed() {
    const { id, title } = conditions[currentCondition()], [intervention, p, seed] = id.split("/");
    const seeds = models[currentModel()].conditions.filter((number) => conditions[number].id.startsWith(`${intervention}/${p}/`)).length;
    if (seeds < 2) return "";
    return `This is seed ${seed}, one of ${seeds} seeds of ${title.split(", seed ")[0]}. Figures and tables take all seeds together; the menu Condition has the others.`;
  }

  async function update({ keep = false } = {}) {
    const found = await select();
    here = found.here;
    shown = found.list;
    get("found").textContent = `${shown.length.toLocaleString("en")} of ${count.toLocaleString("en")} utterances`;
    get("searched").textContent = found.search;
    get("seed").textContent = tellSeed();
    drawConfusion(here, found.cells);
    spacer.style.height = `${shown.length * ROW}px`;
    if (!keep) list.scrollTop = 0;
    if (chosen >= 0 && shown.includes(chosen)) reveal(shown.indexOf(chosen));
    drawRows();
    await drawDetail();
  }

  form.addEventListener("input", async (event) => {
    const faults = event.target === fields.m ? fitToModel(fields.c.value, fields.show.value) : [];
    writeAddress();
    tellFaults(faults);
    await update();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const name of ["show", "label", "pred", "speaker", "q"]) fields[name].value = "";
    writeAddress();
    update();
  });
  addEventListener("hashchange", async () => {
    if (location.hash && !location.hash.includes("=")) return; // a place of the page, which says nothing of the fields
    readAddress();
    await update();
    if (location.hash) goToAddress();
  });

  // A link to what the address says already changes no address, and is followed all the same.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && link.getAttribute("href") === location.hash && location.hash.includes("=")) get("explorer").scrollIntoView();
  });

  // ---------------------------------------------------------------- figures, tables, files

  // Links over the places of a figure that stand for utterances. They can be tapped and read out; the key Tab passes them by, as there
  // are hundreds, and the fields of the explorer say the same.
  function drawPlaces(image, places) {
    const drawn = (tag, properties, ...children) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
      element.append(...children);
      return element;
    };
    const links = places.map(({ says, box: [x, y, width, height], to }) =>
      drawn("a", { href: to, tabindex: -1, "aria-label": `${says}; show the utterances` }, drawn("title", {}, says), drawn("rect", { x, y, width, height })));
    image.after(drawn("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", role: "group", "aria-label": "Utterances behind the figure" }, ...links));
  }

  async function drawFigures() {
    for (const image of document.querySelectorAll("img[data-block]")) {
      image.src = URL.createObjectURL(new Blob([await open(image.dataset.block)], { type: "image/svg+xml" }));
      await image.decode().catch(() => image.classList.add("damaged"));
      const places = JSON.parse(await openText(image.dataset.places));
      if (places.length) drawPlaces(image, places);
    }
  }

  for (const button of document.querySelectorAll("button.save")) {
    button.addEventListener("click", async () => {
      const address = URL.createObjectURL(new Blob([await open(button.dataset.block)], { type: button.dataset.kind }));
      make("a", { href: address, download: button.dataset.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    });
  }

  // A cell's number, if it begins with one: "−.061 [−.141, +.018]" is −.061, "[+.023, +.167]" is .023 and "6×10⁻⁷" is 6e-7.
  function numberIn(text) {
    const power = (_, times, raised) => `${times ? "" : 1}e${Array.from(raised, (sign) => (sign === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(sign))).join("")}`;
    const plain = text.trim().replaceAll("−", "-").replace(/,(?=\d{3}(?!\d))/g, "").replace(/(×\s*)?10(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g, power);
    const found = plain.match(/^[[<>]?\s*([-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?)/i);
    return found ? Number(found[1]) : null;
  }

  // What is below or above a limit lies beside the limit itself.
  const beside = (text) => ({ "<": -1, ">": 1 })[text.trim()[0]] || 0;

  function compare(a, b) {
    const [one, two] = [numberIn(a), numberIn(b)];
    if (one !== null && two !== null) return one - two || beside(a) - beside(b);
    if (one !== null || two !== null) return one !== null ? -1 : 1;
    return a.localeCompare(b, "en", { numeric: true });
  }

  for (const table of document.querySelectorAll("details.table")) {
    const body = table.querySelector("tbody"), heads = [...table.querySelectorAll("th[aria-sort]")], original = [...body.rows];
    heads.forEach((head, place) => {
      head.firstElementChild.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort"), next = { none: "ascending", ascending: "descending", descending: "none" }[now];
        for (const other of heads) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", next);
        const text = (row) => row.cells[place].textContent, missing = (row) => ["", "–"].includes(text(row).trim());
        const sign = next === "descending" ? -1 : 1;
        const before = (a, b) => missing(a) - missing(b) || (missing(a) ? 0 : sign * compare(text(a), text(b)));
        const rows = next === "none" ? original : [...original].sort(before);
        body.append(...rows);
      });
    });
    table.querySelector(".filter")?.addEventListener("input", (event) => {
      const words = event.target.value.trim().toLowerCase().split(/\s+/);
      for (const row of original) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    });
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")].filter((details) => !details.closest("#detail"));
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });

  readAddress();
  await update();
  document.documentElement.dataset.ready = "true";
  if (location.hash.includes("=")) goToAddress();
  await drawFigures();
  document.documentElement.dataset.drawn = "true";
})();
