/* What ipywidgets leaves out for those who hear a page or use it without a mouse.

   - A slider's handle has no name, and of a list of values it tells the place ("2.00") instead of
     the value ("256"). It gets what is written beside it.
   - In a drop-down list JupyterLab takes the keys for its own: an arrow goes to the next cell, and
     "d d" deletes this one. They stay with the list, and with a slider. */
(() => {
  const ID = 'llmtl-accessible-widgets';
  const PARTS = '.widget-slider, .jupyter-widgets select';

  // Setting what is there already would start the observer again, for ever.
  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (element.getAttribute(name) !== value) element.setAttribute(name, value);
    }
  };

  const mend = part => {
    set(part, { 'data-lm-suppress-shortcuts': 'true' });
    const handle = part.querySelector('.noUi-handle');
    const label = part.querySelector('.widget-label')?.textContent.trim();
    const readout = part.querySelector('.widget-readout');
    if (!handle || !label || !readout) return;
    set(handle, { 'aria-label': label, 'aria-valuetext': readout.textContent.trim() });
    set(readout, { role: 'textbox', 'aria-label': `${label}, value` });
  };

  const look = records => {
    const found = new Set();
    for (const { target, addedNodes } of records) {
      const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      const around = element?.closest(PARTS);
      if (around) found.add(around);
      for (const node of addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.matches(PARTS)) found.add(node);
        node.querySelectorAll(PARTS).forEach(part => found.add(part));
      }
    }
    found.forEach(mend);
  };

  const plugin = {
    id: `${ID}:plugin`,
    autoStart: true,
    activate: () => new MutationObserver(look).observe(document.body, {
      subtree: true, childList: true, characterData: true,
      attributes: true, attributeFilter: ['aria-valuetext']
    })
  };

  // What JupyterLab asks of an extension that was built beforehand.
  (window._JUPYTERLAB ??= {})[ID] = {
    init: () => {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin }))
  };
})();
