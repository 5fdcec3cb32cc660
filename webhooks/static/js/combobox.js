// A company's name while it is typed: those on file that match by name or pinyin, chosen by arrows and Enter.
// After the pattern of the ARIA authoring practices: focus stays in the field, the list only points.
const WAIT_MS = 120;

export function combobox(field, list, found, chosen) {
  if (!field || !list || field.dataset.ready) return;
  field.dataset.ready = "1";
  let companies = [];
  let at = -1;
  let timer = null;
  let asked = 0;

  function shut() {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function point(to) {
    at = (to + companies.length) % companies.length;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    field.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function choose(company) {
    field.value = company.name;
    shut();
    chosen(company);
  }

  function draw() {
    list.replaceChildren(...companies.map((company, place) => {
      const item = Object.assign(document.createElement("li"), { id: `company-${place}`, textContent: company.name });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.append(Object.assign(document.createElement("small"), { textContent: `${company.tax_bureau} ${company.agreement}` }));
      item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(company); });
      return item;
    }));
    list.setAttribute("aria-description", `${found} ${companies.length}`);
    list.hidden = companies.length === 0;
    at = -1;
    field.setAttribute("aria-expanded", String(companies.length > 0));
    field.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    const mine = ++asked;
    const answer = await fetch(`/desk/companies?q=${encodeURIComponent(field.value)}`).catch(() => null);
    if (mine !== asked || !answer?.ok || document.activeElement !== field) return;
    companies = await answer.json();
    draw();
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  field.addEventListener("blur", shut);
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      point(event.key === "ArrowDown" ? at + 1 : at < 0 ? companies.length - 1 : at - 1);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      choose(companies[at]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      shut();
    }
  });
}
