// Every word that a customer reads, in both languages: of the page, of refusals, and of what the
// house says in a chat (`house_...`: a phrase with values, said by each page in its own language).

export const WORDS = {
  "zh": {
    "title": "在线客服",
    "other_language": "English",
    "open": "打开在线客服",
    "close": "收起聊天窗口",
    "chat": "聊天",
    "lines": "对话内容",
    "welcome": "您好，我们能帮您什么？",
    "name": "怎么称呼您（可不填）",
    "begin": "开始聊天",
    "have_code": "我有九位数字的口令",
    "code": "口令（九位数字）",
    "look": "查看",
    "pass_title": "在这里继续等待",
    "pass_looking": "正在查看您的凭证…",
    "pass_open": "这张凭证把您在电话上的排队位置带到这里，您不用重新排队。打开这个页面时什么都没有改变：按下按钮，您才转到这里；电话会在告诉您之后挂断。",
    "pass_until": "凭证有效至 {time}。",
    "redeem": "在这里继续，保留位置",
    "no_pass": "不用凭证，开始新的聊天",
    "your_words": "写下您的话",
    "send": "发送",
    "end": "结束聊天",
    "really": "确定结束这次聊天吗？",
    "yes_end": "是，结束",
    "go_on": "继续聊天",
    "call_me": "请给我回电",
    "number": "您的电话号码",
    "call_now": "请拨打这个号码",
    "promised": "好的，我们会给您回电；您的位置保留着。",
    "rate": "您对这次服务满意吗？",
    "rate_1": "1，很不满意",
    "rate_2": "2，不满意",
    "rate_3": "3，一般",
    "rate_4": "4，满意",
    "rate_5": "5，很满意",
    "rate_send": "提交评价",
    "thanks": "谢谢您的评价。",
    "again": "开始新的聊天",
    "me": "我",
    "agent": "座席",
    "house": "系统",
    "sending": "发送中…",
    "not_sent": "未送达",
    "seen": "已读",
    "typing": "{agent}正在输入…",
    "connecting": "正在连接…",
    "lost": "连接断开了，正在重新连接。您的位置和对话都保留着。",
    "away": "暂时联系不上客服系统，正在不断重试。您的位置和对话都保留着。",
    "offline": "您的设备没有联网；恢复后会自动继续。",
    "waiting": "等待中。",
    "waiting_for": "等待中，{wait}。",
    "from_phone": "您在电话上的位置已经带到这里。",
    "offered": "马上就到您了，正在通知座席。",
    "served": "{agent}正在为您服务。",
    "over": "聊天已经结束。",
    "over_callback": "我们会给您回电。",
    "wait_soon": "不到一分钟",
    "wait_about": "大约还要 {high} 分钟",
    "wait_between": "大约还要 {low} 到 {high} 分钟",
    "wait_long": "还要一个小时以上",
    "refused_too many": "从您的网络开始的聊天太多了，请过几分钟再试。",
    "refused_begin": "现在无法开始聊天，请稍后再试，或致电我们。",
    "refused_resume": "找不到这次聊天了：它可能已经结束很久。您可以开始新的聊天。",
    "refused_redeem": "现在无法使用这张凭证，请留在电话上等待，或稍后再试。",
    "refused_look": "现在无法查看这张凭证，请稍后再试。",
    "refused_pass": "这张凭证不能使用。",
    "refused_answered": "座席已经接听您的电话，请在电话上继续。",
    "refused_write": "这句话没有送达：聊天可能已经结束。",
    "refused_end": "聊天已经结束。",
    "refused_rate": "评价没有收到。",
    "refused_call me": "现在无法给这个号码回电：请核对号码，或在这里继续等待。",
    "refused_frame": "没有听懂这个请求，请重新打开页面。",
    "refused_code": "口令是九位数字，请核对。",
    "house_waiting": "您好，我们已经收到，{wait}。{stands}请在这里写下您的问题；离开页面后再回来，位置仍在。",
    "house_waiting_unknown": "您好，我们已经收到，会尽快接待您。{stands}请在这里写下您的问题；离开页面后再回来，位置仍在。",
    "house_joined": "{agent}已加入对话。",
    "house_transferred": "您已被转到另一组座席，位置不变。",
    "house_returned": "座席的连接断开了，您已回到队列，位置不变。",
    "house_closed": "现在不在服务时间，{opens}。您可以先写下问题；离开页面后，您的位置只在有限的时间内保留。",
    "house_ended": "聊天已经结束，谢谢您。",
    "house_ended_silent": "您离开了较长时间，聊天已经结束。",
    "house_ended_expired": "您离开了较长时间，聊天已经结束。",
    "house_ended_phone": "您的请求在电话上继续。",
    "stands_next": "您是下一位。",
    "stands_behind": "您前面还有 {ahead} 位。",
    "stands_by": "最迟{time}有座席接待您。",
    "send_file": "发送文件",
    "save_file": "保存{name}，{size}",
    "sending_file": "正在发送{name}",
    "try_again": "重试",
    "leave_out": "不发了",
    "file_gone": "（文件已删除）",
    "file_size": "每个文件不能超过 {megabytes} MB。",
    "file_lost": "文件没有发出：连接中断了。",
    "refused_fetch": "现在取不到这个文件：它可能已被删除，或请稍后再试。",
    "opens_at": "{time}开始服务",
    "opens_unknown": "请留意我们公布的服务时间",
    "house_unknown": "（系统提示）",
    "house_absent": "现在没有座席在线。您可以留言，也可以在这里等待；离开页面后再回来，位置仍在。",
    "house_kept": "我们已收到您的留言，将在{until}之前答复您。",
    "leave": "留言",
    "wait_here": "不留言，在这里等待",
    "leave_title": "给我们留言",
    "leave_until": "我们将在{time}之前答复。",
    "leave_reach": "请留下电话或电子邮箱，至少一项，我们才能答复您。",
    "leave_number": "电话号码",
    "leave_mail": "电子邮箱",
    "leave_words": "您的问题",
    "leave_text": "用短信向这个号码确认",
    "leave_send": "提交留言",
    "live": "座席已在线：现在聊天，保留位置",
    "over_message": "聊天已经结束，您的留言已收到。",
    "message_waiting": "我们将在{time}之前答复您的留言。",
    "message_served": "座席正在处理您的留言。",
    "message_answered": "您的留言已答复。",
    "message_closed": "您的留言已处理完毕。",
    "message_live": "您的留言已转为聊天。",
    "refused_leave": "现在无法留言，请稍后再试，或致电我们。您填写的内容仍在这里。",
    "refused_leave words": "请写下您的问题，最多 4000 字。",
    "refused_leave number": "这不是可以拨打的电话号码，请核对。",
    "refused_leave mail": "这不是电子邮箱地址，请核对。",
    "refused_leave reach": "请留下电话或电子邮箱，否则我们无法答复您。",
    "refused_live": "现在无法聊天：座席可能已在处理您的留言，或者已经离开。"
  },
  "en": {
    "title": "Chat with us",
    "other_language": "中文",
    "open": "Open the chat",
    "close": "Close the chat window",
    "chat": "Chat",
    "lines": "Conversation",
    "welcome": "Hello, how can we help?",
    "name": "What may we call you? (optional)",
    "begin": "Start chatting",
    "have_code": "I have a code of nine digits",
    "code": "Code (nine digits)",
    "look": "Look",
    "pass_title": "Go on waiting here",
    "pass_looking": "Looking at your pass…",
    "pass_open": "This pass brings your place in the telephone line here; you need not queue again. Opening this page has changed nothing: you move here when you press the button, and the phone ends its call after telling you so.",
    "pass_until": "The pass is good until {time}.",
    "redeem": "Go on here, keep my place",
    "no_pass": "Without the pass: start a new chat",
    "your_words": "Write a message",
    "send": "Send",
    "end": "End the chat",
    "really": "Do you want to end this chat?",
    "yes_end": "Yes, end it",
    "go_on": "Go on chatting",
    "call_me": "Call me instead",
    "number": "Your telephone number",
    "call_now": "Call this number",
    "promised": "We will call you. You keep your place.",
    "rate": "How content are you with this chat?",
    "rate_1": "1, not at all",
    "rate_2": "2, not very",
    "rate_3": "3, so so",
    "rate_4": "4, content",
    "rate_5": "5, very",
    "rate_send": "Send my answer",
    "thanks": "Thank you for your answer.",
    "again": "Start a new chat",
    "me": "Me",
    "agent": "Agent",
    "house": "Notice",
    "sending": "Sending…",
    "not_sent": "Not delivered",
    "seen": "Read",
    "typing": "{agent} is typing…",
    "connecting": "Connecting…",
    "lost": "The connection is lost; connecting again. Your place and the conversation are kept.",
    "away": "Our service cannot be reached just now; we keep trying. Your place and the conversation are kept.",
    "offline": "Your device is offline; the chat goes on by itself when it is back.",
    "waiting": "You are in line.",
    "waiting_for": "You are in line, {wait}.",
    "from_phone": "Your place in the telephone line is here now.",
    "offered": "You are next: an agent is being called.",
    "served": "{agent} is with you.",
    "over": "This chat is over.",
    "over_callback": "We will call you.",
    "wait_soon": "less than a minute",
    "wait_about": "about {high} minutes",
    "wait_between": "about {low} to {high} minutes",
    "wait_long": "more than an hour",
    "refused_too many": "Too many chats were started from your network: try again in a few minutes.",
    "refused_begin": "No chat can be started just now: try again later, or call us.",
    "refused_resume": "This chat cannot be found: it may have ended long ago. You can start a new one.",
    "refused_redeem": "The pass cannot be used just now: stay on the phone, or try again later.",
    "refused_look": "The pass cannot be looked at just now: try again later.",
    "refused_pass": "This pass cannot be used.",
    "refused_answered": "An agent has answered your call: please go on by phone.",
    "refused_write": "This was not delivered: the chat may be over.",
    "refused_end": "This chat is over.",
    "refused_rate": "Your answer was not taken.",
    "refused_call me": "This number cannot be called just now: check it, or stay in line here.",
    "refused_frame": "The request was not understood: open the page again.",
    "refused_code": "A code has nine digits: please check it.",
    "house_waiting": "Hello, we have your request: {wait}.{stands} Write your question here; if you leave the page and come back, your place is kept.",
    "house_waiting_unknown": "Hello, we have your request and will be with you as soon as we can.{stands} Write your question here; if you leave the page and come back, your place is kept.",
    "house_joined": "{agent} has joined.",
    "house_transferred": "You were passed on to other agents; your place is kept.",
    "house_returned": "The agent's connection broke: you are in line again, at the same place.",
    "house_closed": "We are closed now; {opens}. You can write your question already; after you leave the page, your place is kept for a limited time.",
    "house_ended": "This chat is over. Thank you.",
    "house_ended_silent": "You were away for long: this chat is over.",
    "house_ended_expired": "You were away for long: this chat is over.",
    "house_ended_phone": "Your request goes on by telephone.",
    "stands_next": " You are next.",
    "stands_behind": " Ahead of you in line: {ahead}.",
    "stands_by": " An agent will be with you by {time}.",
    "send_file": "Send a file",
    "save_file": "Save {name}, {size}",
    "sending_file": "Sending {name}",
    "try_again": "Try again",
    "leave_out": "Leave it out",
    "file_gone": "(file erased)",
    "file_size": "A file may have {megabytes} MB at most.",
    "file_lost": "The file was not sent: the connection broke.",
    "refused_fetch": "This file cannot be fetched: it may be erased; or try again later.",
    "opens_at": "we open {time}",
    "opens_unknown": "please see our opening hours",
    "house_unknown": "(Notice)",
    "house_absent": "Nobody is here to chat just now. You can leave a message, or wait here; if you leave the page and come back, your place is kept.",
    "house_kept": "We have your message, and will answer it by {until}.",
    "leave": "Leave a message",
    "wait_here": "Wait here instead",
    "leave_title": "Leave us a message",
    "leave_until": "We will answer by {time}.",
    "leave_reach": "Leave a telephone number or an e-mail address, at least one of them, so that we can answer.",
    "leave_number": "Telephone number",
    "leave_mail": "E-mail address",
    "leave_words": "What is it about?",
    "leave_text": "Confirm it by a text message to this number",
    "leave_send": "Send the message",
    "live": "Agents are here: chat now, keep my place",
    "over_message": "This chat is over: we have your message.",
    "message_waiting": "We will answer your message by {time}.",
    "message_served": "An agent is at work on your message.",
    "message_answered": "Your message has been answered.",
    "message_closed": "Your message has been dealt with.",
    "message_live": "Your message goes on as a chat.",
    "refused_leave": "No message can be left just now: try again later, or call us. What you wrote is still here.",
    "refused_leave words": "Please write what it is about, in at most 4000 characters.",
    "refused_leave number": "This is no telephone number that can be called: please check it.",
    "refused_leave mail": "This is no e-mail address: please check it.",
    "refused_leave reach": "Please leave a telephone number or an e-mail address, or we cannot answer you.",
    "refused_live": "You cannot chat just now: an agent may have your message already, or be gone again."
  }
};

const MINUTE = 60, LONGEST = 60;

// A text with its values, as text: nothing in a value is ever read as anything else.
export function say(language, key, values = {}) {
  const text = WORDS[language][key] ?? "";
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? ""));
}

// A wait of `[low, high]` seconds in words; "" when nobody can tell. Rounded up: kept rather than nice.
export function wait(language, range) {
  if (!Array.isArray(range)) return "";
  const [low, high] = range.map((seconds) => Math.ceil(Number(seconds) / MINUTE));
  if (!(high >= 0)) return "";
  if (high <= 1) return say(language, "wait_soon");
  if (low > LONGEST) return say(language, "wait_long");
  return say(language, low > 0 && low < high ? "wait_between" : "wait_about", { low, high });
}

// What the house says: a phrase with values. One that is not known yet is said to be a notice.
export function houseWords(language, phrase, values) {
  const told = { ...values, agent: values.agent || say(language, "agent"), wait: wait(language, values.wait) };
  if (phrase === "waiting") told.stands = standing(language, values);
  if (phrase === "waiting" && !told.wait) return say(language, "house_waiting_unknown", told);
  if (phrase === "kept") told.until = moment(language, values.until);
  if (phrase === "closed") told.opens = opening(language, values.opens);
  const keys = [`house_${phrase}_${values.how}`, `house_${phrase}`, "house_unknown"];
  return say(language, keys.find((key) => key in WORDS[language]), told);
}

// Where somebody stands in line, and by when they are promised an agent; "" as far as nobody can tell.
function standing(language, { place, by }) {
  const where = place > 1 ? say(language, "stands_behind", { ahead: place - 1 }) : "";
  const next = place === 1 ? say(language, "stands_next") : "";
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const time = by ? new Date(by * 1000).toLocaleTimeString(language, clock) : "";
  return where + next + (time ? say(language, "stands_by", { time }) : "");
}

// A day and time, as the customer's own clock shows it.
export function moment(language, at) {
  const clock = { weekday: "long", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(at * 1000).toLocaleString(language, clock);
}

function opening(language, at) {
  if (!at) return say(language, "opens_unknown");
  const clock = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return say(language, "opens_at", { time: new Date(at * 1000).toLocaleString(language, clock) });
}
