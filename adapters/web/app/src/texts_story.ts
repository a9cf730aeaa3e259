// What stands in a ticket's story, in English and Chinese.

export const storyEn = {
  "story call_started": "Called {dialled}",
  "story arrived": "Asked for {queue}",
  "story step_taken": "{step}: {outcome}",
  "story message_left": "Left a message, {seconds} s",
  "story number_left": "Left a number",
  "story callback_promised": "Was promised a callback",
  "story pass_issued": "Got a pass into {channel}",
  "story pass_redeemed": "Went on in {channel}, with the place of before",
  "story offer_answered": "{who} took it",
  "story transferred": "Handed on to {queue}",
  "story parked": "Was away; the place was kept",
  "story disposed": "{who}: {code}",
  "story chat_begun": "The chat began",
  "story chat_ended": "The chat ended",
  "story caller_proved": "Proved who they are: {level}",
  "story also_online": "The same number also waits in the chat",
};

export const storyZh: Record<keyof typeof storyEn, string> = {
  "story call_started": "拨打 {dialled}",
  "story arrived": "请求 {queue}",
  "story step_taken": "{step}：{outcome}",
  "story message_left": "留言 {seconds} 秒",
  "story number_left": "留下号码",
  "story callback_promised": "已承诺回拨",
  "story pass_issued": "得到转往 {channel} 的凭证",
  "story pass_redeemed": "带着原来的位置转到 {channel}",
  "story offer_answered": "由 {who} 接待",
  "story transferred": "转交到 {queue}",
  "story parked": "曾离开，位置保留",
  "story disposed": "{who}：{code}",
  "story chat_begun": "聊天开始",
  "story chat_ended": "聊天结束",
  "story caller_proved": "已证明身份：{level}",
  "story also_online": "同一号码也在聊天中等待",
};
